"""Names and indices resolved: what each statement computes and where its value lives."""

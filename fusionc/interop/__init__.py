"""Programs and weights from other libraries. Their modules are imported when they are used, not before."""

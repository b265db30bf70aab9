"""Programs as pictures: a graph or a tree is laid out as a scene of plain shapes, which SVG and TikZ write down."""

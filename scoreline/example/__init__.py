"""The generator of the example organisation's exports: `python -m scoreline.example DIR`.

What belongs here: making the files that the example's sources would have exported, dirt
included, the same bytes for the same seed. What does not: anything the product needs
(nothing imports this package), definitions (okr_defs/), and packages beyond the
standard library.
"""

"""Sources only: one folder for each kind of system that data comes from.

What belongs here: the small base that every kind builds on, and the kinds. What does not:
anything of the product itself; a connector can be run, tested and reused alone.
"""

"""JSON as text: records cut out as they stand, so that a number keeps its digits.

What belongs here: what kinds that read JSON share. What does not: where the text comes from.
"""

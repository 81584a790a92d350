"""The steps of a run, called alike by the command line and by Dagster.

What belongs here: the order of things (extract, land, validate, gate, load, measure,
score, record). What does not: how each is done, which connectors exist, and printing.
"""

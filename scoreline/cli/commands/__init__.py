"""The commands and their arguments, a module for each group; every one has `add_to`.

What belongs here: declarations alone. Bodies stand in the modules of scoreline.cli and are
imported when their command runs, so that `scoreline --help` stays quick.
"""

"""What a data team works on definitions with: starting, drafting, mending, arranging, reading.

What belongs in the package: making definition files and everything made from them for
people and editors. What does not: scoring, running, and the commands themselves (cli).
"""

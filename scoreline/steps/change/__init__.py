"""A change of definitions, before it counts: what differs, what it does to scores, who agrees.

What belongs here: comparing definitions, scoring by both on the same data, and recording
definitions with their author. What does not: one day's scores (scoring), reading YAML.
"""

"""The definitions language: YAML as written, checked, resolved to a plan.

What belongs in the package: reading `okr_defs/`, its specs and JSON Schemas, the rules of
the language, lint, and comparing two states of the definitions. What does not: the
allow-list of SQL (measures), data, and printing. Start at `project.load_project`.
"""

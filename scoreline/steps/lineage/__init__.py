"""OpenLineage: what a run read, computed and wrote, for tools that collect lineage.

What belongs here: making events from the record and handing them to a sink. What does not:
which columns a metric depends on (measures.lineage), how events travel (wiring).
"""

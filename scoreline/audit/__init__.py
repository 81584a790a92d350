"""What an auditor asks of the record, answered from stores and files alone.

What belongs here: verifying. What does not: runs, connectors, orchestration; an auditor
needs none of them.
"""

"""The command line: one module for each group of commands, nothing heavy at import.

What belongs here: arguments, printing, exit codes. What does not: any step of the work.
"""

from scoreline.cli.main import main

__all__ = ["main"]

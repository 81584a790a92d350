"""What an operating system's error on a local file means to a person.

What belongs here: that one translation. What does not: errors of places that are reached by a
URL (`remote_failures`).
"""

from __future__ import annotations

from connectors.errors import PermanentError, TransientError

CHUNK = 1 << 20


def reading_failed(error: OSError, name: str) -> PermanentError | TransientError:
    """What to tell of an error on reading the file `name`."""
    if isinstance(error, FileNotFoundError):
        return TransientError("vanished while it was being read", where=name, do="Run again")
    if isinstance(error, PermissionError):
        return PermanentError(
            "may not be read", where=name, do="Give this account the right to read it"
        )
    reason = error.strerror or str(error)
    return TransientError(f"cannot be read: {reason}", where=name, do="Check the disk, run again")

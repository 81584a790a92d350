"""The digest of a file.

What belongs here: SHA-256 over bytes. What does not: digests of rows (each kind's own).
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""The ZIP file of an evidence pack: the same contents give the same bytes.

What belongs here: writing it, whole or not at all. What does not: choosing what goes in
(evidence).
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scoreline.core.errors import WarehouseError

_STAMP = (1980, 1, 1, 0, 0, 0)


def write_zip(
    path: Path, small: Mapping[str, bytes], stored: Mapping[str, tuple[Path, str]]
) -> str:
    """Write a ZIP file aside, sync it and put it in its place.

    Args:
        path: the file; it is replaced whole, or not at all.
        small: contents by name.
        stored: files by name, each with its SHA-256.

    Returns:
        The SHA-256 of the file.

    Raises:
        WarehouseError: a stored file is missing or changed, or the file cannot be written.
    """
    aside = path.with_name(path.name + ".part")
    try:
        with zipfile.ZipFile(aside, "w") as archive:
            for name, content in sorted(small.items()):
                archive.writestr(_entry(name), content)
            for name, (source, known) in sorted(stored.items()):
                _store(archive, name, source, known)
        with aside.open("rb") as written:
            os.fsync(written.fileno())
            whole = _hashed(written)
        aside.replace(path)
    except OSError as error:
        raise WarehouseError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        aside.unlink(missing_ok=True)
    return whole


def _entry(name: str) -> zipfile.ZipInfo:
    """An entry that says nothing of when and where it was made."""
    entry = zipfile.ZipInfo(name, _STAMP)
    entry.create_system = 3
    entry.external_attr = 0o644 << 16
    packed = name.endswith(".parquet")
    entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
    return entry


def _store(archive: zipfile.ZipFile, name: str, source: Path, known: str) -> None:
    hasher = hashlib.sha256()
    entry = _entry(name)
    entry.file_size = source.stat().st_size
    with source.open("rb") as file, archive.open(entry, "w") as target:
        while piece := file.read(1 << 20):
            hasher.update(piece)
            target.write(piece)
    if hasher.hexdigest() != known:
        raise WarehouseError(
            f"the stored file {source.name} was changed: a pack with it would prove nothing; "
            "`scoreline verify` lists what depends on it"
        )


def _hashed(file: Any) -> str:
    return hashlib.file_digest(file, "sha256").hexdigest()

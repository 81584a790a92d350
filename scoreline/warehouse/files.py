"""Content-addressed files: what was received, typed rows, rows set aside.

What belongs here: storing a file under its SHA-256 (written aside, synced, renamed),
finding and checking it. What does not: what the files contain.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scoreline.core.durable import sync
from scoreline.core.errors import WarehouseError
from scoreline.core.records import StoredFile

_CHUNK = 1 << 20


def sha256_of(path: Path) -> tuple[str, int]:
    """SHA-256 and size in bytes of a file, read in pieces of one MiB."""
    hasher, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            hasher.update(piece)
            size += len(piece)
    return hasher.hexdigest(), size


class FileStore:
    """Files of a project by digest, below one folder; a stored file is never changed.

    `folder` may be missing; it is made when the first file is stored.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._proved: dict[StoredFile, tuple[int, int]] = {}

    @contextmanager
    def workspace(self) -> Iterator[Path]:
        """A folder on the same file system for files under way; emptied at the end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".work-", dir=self._folder))
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def clean(self) -> None:
        """Remove the workspaces that a killed run left; only with the project's lock held."""
        for left in self._folder.glob(".work-*"):
            shutil.rmtree(left, ignore_errors=True)

    def put(self, path: Path, suffix: str, digest: str | None = None) -> StoredFile:
        """Move a file of a workspace to its place by content.

        `digest` is its SHA-256 where the caller has just computed it from these bytes.
        Storing equal content again changes nothing.

        Raises:
            WarehouseError: the disk refuses (full, read-only); the text names the file.
        """
        try:
            if digest is None:
                digest, size = sha256_of(path)
            else:
                size = path.stat().st_size
            stored = StoredFile(digest, size, suffix)
            target = self._folder / stored.name
            if target.exists() and target.stat().st_size == size:
                path.unlink()
                return stored
            target.parent.mkdir(parents=True, exist_ok=True)
            sync(path)
            path.replace(target)
            sync(target.parent)
        except OSError as error:
            raise WarehouseError(
                f"{path.name} cannot be stored in {self._folder}: {error.strerror or error}; "
                "free space or make the folder writable, then run again (nothing was lost)"
            ) from error
        return stored

    def path(self, file: StoredFile) -> Path:
        """Where a stored file lies.

        Raises:
            WarehouseError: it is missing or has another size than was recorded.
        """
        target = self._folder / file.name
        try:
            size = target.stat().st_size
        except OSError:
            raise WarehouseError(
                f"the stored file {file.name} is missing from {self._folder}; restore it "
                "from a backup"
            ) from None
        if size != file.size:
            raise WarehouseError(
                f"the stored file {file.name} has {size} bytes where {file.size} were "
                "recorded; restore it from a backup"
            )
        return target

    def remove(self, file: StoredFile) -> bool:
        """Delete a stored file that no manifest names any more; False if it is not there.

        Raises:
            WarehouseError: the disk refuses.
        """
        target = self._folder / file.name
        try:
            target.unlink()
            sync(target.parent)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise WarehouseError(
                f"the stored file {file.name} cannot be removed from {self._folder}: "
                f"{error.strerror or error}; make the folder writable, then do it again"
            ) from error
        return True

    def has(self, file: StoredFile) -> bool:
        """Whether there is a file of that name, whatever its contents."""
        return (self._folder / file.name).exists()

    def proved(self, file: StoredFile) -> Path:
        """Where a stored file lies, its bytes hashed: for what is read again after a while.

        DuckDB reads a changed byte as another value without a word. A file is hashed once
        as long as it is not touched.

        Raises:
            WarehouseError: it is missing, or its bytes are not those that were stored.
        """
        path = self.path(file)
        status = path.stat()
        mark = (status.st_mtime_ns, status.st_ino)
        if self._proved.get(file) != mark:
            wrong = self.check(file)
            if wrong is not None:
                raise WarehouseError(f"{wrong}; `scoreline repair` looks for the right bytes")
            self._proved[file] = mark
        return path

    def check(self, file: StoredFile) -> str | None:
        """What is wrong with a stored file, or None: its bytes are hashed again."""
        try:
            found, _ = sha256_of(self.path(file))
        except WarehouseError as error:
            return str(error)
        if found != file.digest:
            return f"the stored file {file.name} has the digest {found[:12]}…: it was changed"
        return None


class OverlaidFiles(FileStore):
    """Files of a folder of their own over those of another store, which is only read."""

    def __init__(self, folder: Path, beneath: FileStore) -> None:
        super().__init__(folder)
        self._beneath = beneath

    def path(self, file: StoredFile) -> Path:
        """Where a stored file lies: here, or beneath.

        Raises:
            WarehouseError: it is in neither, or has another size than was recorded.
        """
        own = self._folder / file.name
        return super().path(file) if own.exists() else self._beneath.path(file)

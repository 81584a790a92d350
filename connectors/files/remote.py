"""A place that is reached by a URL: any file system that fsspec knows.

What belongs here: listing and reading through fsspec. What does not: which files are new, what
is inside a file, signatures (`remote_signatures`) and what an error means (`remote_failures`).

fsspec's caches are never used: what is listed is what is there.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from connectors.clock import Clock
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.files.copying import changed_meanwhile, pour_aside
from connectors.files.failures import CHUNK
from connectors.files.matching import fixed_part, is_hidden, is_pattern, is_unfinished, matches
from connectors.files.options import FilesStream
from connectors.files.places import Copied, Found, Listing
from connectors.files.remote_failures import RemoteFailures, is_plainly_absent
from connectors.files.remote_signatures import has_tag, signature_of, time_of

BLOCK = 8 << 20
DEEPEST = 64
OF_OBJECTS = ("s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "memory")


class RemotePlace:
    """The files under a URL."""

    def __init__(self, url: str, storage_options: Mapping[str, Any], clock: Clock) -> None:
        self._url = url.rstrip("/")
        self._options = dict(storage_options)
        self._clock = clock
        self._protocol = url.partition("://")[0].lower()
        self._on_the_web = self._protocol in ("http", "https")
        self._failures = RemoteFailures(self._protocol, storage_options)
        self._made: tuple[Any, str] | None = None

    def files(self, options: FilesStream) -> Listing:
        """The files that match, in the order of their names.

        Raises:
            PermanentError: no such place, access is refused, or a package is missing.
            TransientError: it cannot be reached for now.
        """
        now = self._clock()
        found, unsettled, unfinished = [], 0, 0
        for name, info in self._matching(options.glob):
            if is_unfinished(name, options.ignore):
                unfinished += 1
                continue
            info = self._complete(name, info)
            changed = time_of(info)
            limit = timedelta(seconds=options.settle_seconds)
            if changed is not None and timedelta(0) <= now - changed < limit:
                unsettled += 1
            else:
                found.append(Found(name, info.get("size"), signature_of(info, now)))
        files = sorted(found, key=lambda entry: entry.name)
        return Listing(tuple(files), unsettled, unfinished)

    def digest(self, name: str) -> str:
        """SHA-256 of an object's bytes, in hex; reads all of it.

        Raises:
            TransientError: it vanished, or cannot be read for now.
            PermanentError: access is refused.
        """
        digest = hashlib.sha256()
        with self._reading(name) as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        return digest.hexdigest()

    def fetch(self, name: str, work: Path, clock: Clock) -> Copied:
        """Downloads an object into the folder `work`.

        Raises:
            TransientError: it vanished, changed or was cut short meanwhile.
            PermanentError: access is refused, or the copy cannot be written.
        """
        before, moment = self._info(name), clock()
        signature = signature_of(before, moment)

        def unchanged(size: int) -> str:
            if before.get("size") not in (None, size):
                raise TransientError(
                    f"was cut short: {size:,} of {before['size']:,} bytes came",
                    where=self._where(name),
                    do="Run again",
                )
            after = signature_of(self._info(name), moment)
            if after != signature:
                raise changed_meanwhile(self._where(name))
            return signature

        with self._reading(name) as file:
            return pour_aside(file, name, work, unchanged)

    @contextmanager
    def opened(self, name: str) -> Iterator[Path]:
        """A copy of the object that is gone afterwards."""
        with tempfile.TemporaryDirectory() as work:
            yield self.fetch(name, Path(work), self._clock).path

    def contents(self) -> list[str]:
        """What is at the top of the place."""
        _, root = self._system()
        listed = self._listed(root)
        names = ((self._name(str(i["name"])), i.get("type")) for i in listed)
        return sorted(n + ("/" if t == "directory" else "") for n, t in names if n)

    def _matching(self, pattern: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not is_pattern(pattern):
            info = self._single(pattern)
            if info is not None:
                yield pattern, info
            return
        for info in self._walked(pattern):
            name = self._name(str(info["name"]))
            if info.get("type", "file") != "file" or not name or name.endswith("/"):
                continue
            if matches(name, pattern) and not is_hidden(name, pattern):
                yield name, info

    def _single(self, name: str) -> Mapping[str, Any] | None:
        """A name that is no pattern is asked for directly: no index is needed."""
        fs, root = self._system()
        try:
            info: Mapping[str, Any] = fs.info(f"{root}/{name}")
        except Exception as error:
            failure = self._failed(error, self._where(name))
            if isinstance(failure, _AbsentError):
                return None
            raise failure from error
        return info if info.get("type", "file") == "file" else None

    def _walked(self, pattern: str) -> Iterator[Mapping[str, Any]]:
        """Everything below the fixed part of a pattern, as deep as the pattern goes.

        fsspec's own `find` leaves out, in silence, folders that could not be listed.
        """
        _, root = self._system()
        fixed = fixed_part(pattern)
        rest = PurePosixPath(pattern).relative_to(fixed or ".").parts
        deepest = DEEPEST if "**" in rest else len(rest)
        waiting = [("/".join(part for part in (root, fixed) if part), 1)]
        while waiting:
            path, depth = waiting.pop()
            for info in self._listed(path):
                if info.get("type") == "directory":
                    if depth < deepest and info["name"].rstrip("/") != path:
                        waiting.append((info["name"].rstrip("/"), depth + 1))
                else:
                    yield info

    def _listed(self, path: str) -> list[Mapping[str, Any]]:
        fs, _ = self._system()
        try:
            fs.invalidate_cache()
            index = f"{path}/" if self._on_the_web else path
            listed: list[Mapping[str, Any]] = fs.ls(index, detail=True)
        except Exception as error:
            if self._protocol in OF_OBJECTS and is_plainly_absent(error):
                return []  # a store of objects knows no empty folders
            raise self._failed(error, self._url) from error
        if self._on_the_web:  # an index page has links that sort it, too
            return [info for info in listed if not {"?", "#"} & set(info["name"])]
        return listed

    def _complete(self, name: str, info: Mapping[str, Any]) -> Mapping[str, Any]:
        """What is known of an object; asked for where its listing says too little."""
        told = info.get("size") is not None and (has_tag(info) or time_of(info) is not None)
        return info if told else self._info(name)

    def _info(self, name: str) -> Mapping[str, Any]:
        fs, root = self._system()
        try:
            fs.invalidate_cache()
            info: Mapping[str, Any] = fs.info(f"{root}/{name}")
        except Exception as error:
            raise self._failed(error, self._where(name)) from error
        return info

    @contextmanager
    def _reading(self, name: str) -> Iterator[_Reading]:
        fs, root = self._system()
        where = self._where(name)
        try:
            file = fs.open(f"{root}/{name}", "rb", block_size=BLOCK, cache_type="readahead")
        except Exception as error:
            raise self._failed(error, where) from error
        try:
            yield _Reading(file, lambda error: self._failed(error, where))
        finally:
            file.close()

    def _system(self) -> tuple[Any, str]:
        """The file system and the root's path in it, made when first needed."""
        if self._made is None:
            try:
                import fsspec.core

                make: Any = fsspec.core.url_to_fs
                fs, path = make(self._url, skip_instance_cache=True, **self._options)
            except Exception as error:
                raise self._failed(error, self._url) from error
            self._made = fs, path.rstrip("/")
        return self._made

    def _name(self, path: str) -> str:
        """A listed path as a name under the root; empty where it lies elsewhere."""
        _, root = self._system()
        return path[len(root) + 1 :] if path.startswith(f"{root}/") else ""

    def _where(self, name: str) -> str:
        return f"{self._url}/{name}"

    def _failed(self, error: Exception, where: str) -> ConnectorError:
        return self._failures.of(error, where, absent=self._absent(where))

    def _absent(self, where: str) -> ConnectorError:
        if where == self._url:
            return PermanentError(
                "no such place",
                where=where,
                do="Correct the option root, or put the export there",
            )
        return _AbsentError("vanished after it was found", where=where, do="Run again")


class _AbsentError(TransientError):
    """An object that is not there (any more)."""


class _Reading:
    """An open object whose errors are translated."""

    def __init__(self, file: Any, failed: Any) -> None:
        self._file = file
        self._failed = failed

    def read(self, size: int, /) -> bytes:
        try:
            data: bytes = self._file.read(size)
        except Exception as error:
            raise self._failed(error) from error
        return data

"""The `files` kind: a folder of exports; each file is a batch.

What belongs here: putting folder, copy and readers together. What does not: any of them.
The readers (and with them Arrow) are imported when a file is opened, so that listing kinds and
checking options stays quick.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from connectors.base import Connector, Discovery, ObjectRef, State, StreamSpec
from connectors.errors import PermanentError, TransientError
from connectors.files.copying import Copied, copy_aside
from connectors.files.folder import Found, digest_of, list_files, what_is_new
from connectors.files.options import FilesSource, FilesStream
from connectors.options import parse_options
from connectors.receipt import Origin

if TYPE_CHECKING:
    from connectors.batch import Batch

LISTED = 10


class FilesConnector(Connector):
    """Files in a folder under the project's folder: csv, tsv, ndjson, parquet; gzip, zstd."""

    kind = "files"
    version = "1"
    about = "files in a folder: csv, tsv, ndjson or parquet, also as .gz or .zst"
    SourceOptions = FilesSource
    StreamOptions = FilesStream

    @property
    def root(self) -> str:
        """The folder as the definition writes it."""
        return cast(FilesSource, self.options).root

    def check(self, spec: StreamSpec) -> None:
        """Lists the files and reads the beginning of the last one, in place.

        Raises:
            PermanentError: no folder, no file, or its beginning cannot be read.
        """
        from connectors.files.opening import open_file

        options = parse_options(FilesStream, spec.options)
        files = self._files(options)
        if not files:
            raise self._none_matches(options)
        last = files[-1]
        open_file(last.path, spec, options, name=last.name, where=self._where(last.name)).close()

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Files in the order of their names; the rule of what is new stands in `folder`.

        Raises:
            PermanentError: no folder; or no file matches and none ever did.
            TransientError: a file vanished meanwhile.
        """
        options = parse_options(FilesStream, spec.options)
        files = self._files(options)
        if not files and not state.objects and not state.digests:
            raise self._none_matches(options)
        return what_is_new(files, state)

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Copies the file and opens the copy; the rows are read by the batch's reader.

        Raises:
            TransientError: the file vanished or changed meanwhile.
            PermanentError: it may not be read, or its beginning is malformed.
        """
        started = self.clock()
        copied = copy_aside(self._locate(ref.name), ref.name, work, self.clock)
        return self._batch(spec, ref.name, copied, started)

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens bytes that were received before; the folder is not looked at.

        Raises:
            PermanentError: they are malformed under these options.
        """
        copied = Copied(path, digest_of(path, name), path.stat().st_size, signature="")
        return self._batch(spec, name, copied, self.clock())

    def _batch(self, spec: StreamSpec, name: str, copied: Copied, started: datetime) -> Batch:
        from connectors.batch import Batch
        from connectors.files.opening import open_file

        options, where = parse_options(FilesStream, spec.options), self._where(name)
        opened = open_file(copied.path, spec, options, name=name, where=where)
        origin = Origin(
            connector=self.kind,
            connector_version=self.version,
            source_identity=where,
            parameters=_parameters(self.root, options, opened.format),
            object=name,
            bytes=copied.size,
            sha256=copied.digest,
            started_at=started.astimezone(UTC).isoformat(),
        )
        return Batch(
            origin,
            opened.tally,
            opened.schema,
            opened.rows,
            raw_path=copied.path,
            signature=copied.signature,
            clock=self.clock,
            layout=opened.layout,
            typed=opened.typed,
        )

    def _files(self, options: FilesStream) -> list[Found]:
        return list_files(self.base / self.root, options.glob, self.clock(), shown=self.root)

    def _where(self, name: str) -> str:
        return name if self.root == "." else f"{self.root.rstrip('/')}/{name}"

    def _locate(self, name: str) -> Path:
        root = (self.base / self.root).resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise PermanentError(
                "leads out of the folder", where=self._where(name), do="Remove the link"
            )
        if not path.is_file():
            raise TransientError(
                "vanished after it was found", where=self._where(name), do="Run again"
            )
        return path

    def _none_matches(self, options: FilesStream) -> PermanentError:
        folder = self.base / self.root
        there = sorted(p.name + ("/" if p.is_dir() else "") for p in folder.iterdir())
        shown = ", ".join(there[:LISTED]) or "nothing"
        more = f" and {len(there) - LISTED} more" if len(there) > LISTED else ""
        return PermanentError(
            f"no file matches {options.glob!r}; in the folder are: {shown}{more}",
            where=self.root,
            do="Correct the option glob or root, or put the export there",
        )


def _parameters(root: str, options: FilesStream, kind: str) -> dict[str, Any]:
    """What shaped this reading: every option, with the format that was settled on."""
    return {"root": root, **options.model_dump(mode="json"), "format": kind}

"""The `files` kind: a folder of exports, here or behind a URL; each file is a batch.

What belongs here: putting place, rule and readers together. What does not: any of them.
The readers (and with them Arrow) are imported when a file is opened, and fsspec when a URL is
asked, so that listing kinds and checking options stays quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from connectors.base import Connector, Discovery, ObjectRef, Received, State, StreamSpec
from connectors.clock import Clock, utc_now
from connectors.errors import PermanentError
from connectors.files.folder import LocalFolder, digest_of
from connectors.files.news import what_is_new
from connectors.files.options import FilesSource, FilesStream, is_url, local_root
from connectors.files.places import LISTED, Copied, Listing, Place
from connectors.files.remote import RemotePlace
from connectors.options import parse_options

if TYPE_CHECKING:
    from connectors.batch import Batch
    from connectors.files.guessing import Guess


class FilesConnector(Connector):
    """Files under a folder or a URL: csv, tsv, ndjson, json, parquet, xlsx; gzip, zstd."""

    kind = "files"
    version = "1"
    about = "files in a folder or behind a URL: csv, tsv, ndjson, json, parquet, xlsx; .gz, .zst"
    SourceOptions = FilesSource
    StreamOptions = FilesStream

    def __init__(self, options: Mapping[str, Any], *, base: Path, clock: Clock = utc_now) -> None:
        """As every connector; see `Connector`."""
        super().__init__(options, base=base, clock=clock)
        source = cast(FilesSource, self.options)
        self._place: Place = (
            RemotePlace(source.root, source.storage_options, clock)
            if is_url(source.root)
            else LocalFolder(self.base / local_root(source.root), source.root, clock)
        )

    @property
    def root(self) -> str:
        """The folder or URL as the definition writes it."""
        return cast(FilesSource, self.options).root

    def check(self, spec: StreamSpec) -> None:
        """Lists the files and reads the beginning of the last one; a remote one is fetched.

        Raises:
            PermanentError: no folder, no file, or its beginning cannot be read.
            TransientError: a URL cannot be reached for now.
        """
        from connectors.files.opening import open_file

        options = parse_options(FilesStream, spec.options)
        listing = self._place.files(options)
        if listing.files:
            last = listing.files[-1].name
            with self._place.opened(last) as path:
                open_file(path, spec, options, name=last, where=self._where(last)).close()
        elif not listing.unsettled:
            raise self._none_matches(options, listing)

    def discover(self, spec: StreamSpec, state: State) -> Discovery:
        """Files in the order of their names; the rule of what is new stands in `news`.

        Raises:
            PermanentError: no folder; or no file matches and none ever did.
            TransientError: a file vanished meanwhile, or a URL cannot be reached for now.
        """
        options = parse_options(FilesStream, spec.options)
        listing = self._place.files(options)
        if not (listing.files or listing.unsettled or state.objects or state.digests):
            raise self._none_matches(options, listing)
        found = what_is_new(listing.files, state, self._place.digest)
        return replace(found, unsettled=listing.unsettled)

    def extract(self, spec: StreamSpec, ref: ObjectRef, work: Path) -> Batch:
        """Copies the file and opens the copy; the rows are read by the batch's reader.

        Raises:
            TransientError: the file vanished or changed meanwhile, or a URL fails for now.
            PermanentError: it may not be read, or its beginning is malformed.
        """
        started = self.clock()
        copied = self._place.fetch(ref.name, work, self.clock)
        return self._batch(spec, ref.name, copied, started)

    def reopen(self, spec: StreamSpec, name: str, path: Path) -> Batch:
        """Opens bytes that were received before; the place is not looked at.

        Raises:
            PermanentError: they are malformed under these options.
        """
        copied = Copied(path, digest_of(path, name), path.stat().st_size, signature="")
        return self._batch(spec, name, copied, self.clock())

    def guess(self, name: str) -> Guess:
        """How a file of the place that nobody declared is written: options to propose.

        Raises:
            ConnectorError: it cannot be reached.
        """
        from connectors.files.guessing import guess_file

        with self._place.opened(name) as path:
            return guess_file(path, name)

    def _batch(self, spec: StreamSpec, name: str, copied: Copied, started: datetime) -> Batch:
        from connectors.batch import Batch
        from connectors.files.opening import open_file

        options, where = parse_options(FilesStream, spec.options), self._where(name)
        opened = open_file(copied.path, spec, options, name=name, where=where)
        received = Received(name, copied.path, copied.digest, started)
        return Batch(
            self.origin(received, where, _parameters(self.root, options, opened.format)),
            opened.tally,
            opened.schema,
            opened.rows,
            raw_path=copied.path,
            signature=copied.signature,
            clock=self.clock,
            layout=opened.layout,
            typed=opened.typed,
        )

    def _where(self, name: str) -> str:
        return name if self.root == "." else f"{self.root.rstrip('/')}/{name}"

    def _none_matches(self, options: FilesStream, listing: Listing) -> PermanentError:
        there = self._place.contents()
        shown = ", ".join(there[:LISTED]) or "nothing"
        more = f" and {len(there) - LISTED} more" if len(there) > LISTED else ""
        left = ", ".join(options.ignore) if listing.unfinished else ""
        why = f" ({listing.unfinished} left out by the option ignore: {left})" if left else ""
        return PermanentError(
            f"no file matches {options.glob!r}{why}; in the folder are: {shown}{more}",
            where=self.root,
            do="Correct the option glob or root, or put the export there",
        )


def _parameters(root: str, options: FilesStream, kind: str) -> dict[str, Any]:
    """What shaped this reading: every option, with the format that was settled on."""
    return {"root": root, **options.model_dump(mode="json"), "format": kind}

"""Running a tap: its configuration in files of its own, its messages to a file as it sends them.

What belongs here: the process, its catalog, its end. What does not: what a batch is.

Source: the Singer specification (SCHEMA, RECORD, STATE and ACTIVATE_VERSION messages, a JSON
object a line; `--config`, `--discover`, `--catalog` (older taps: `--properties`), `--state`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from connectors.durations import seconds_of
from connectors.errors import ConnectorError, PermanentError, TransientError
from connectors.scrubbing import Scrubber, texts_of
from connectors.singer.options import SingerSource, SingerStream

_TRANSIENT = re.compile(
    r"(?i)timed? ?out|connection (reset|refused|aborted|error)|temporar|rate limit"
    r"|too many requests|\b(429|500|502|503|504)\b"
)
SAID = 500


class Tap:
    """A tap with its configuration; nothing runs until it is asked for something."""

    def __init__(self, options: SingerSource, base: Path) -> None:
        self._options, self._base = options, base
        self.scrubber = Scrubber(texts_of(options.config))
        self.name = Path(options.command[-1]).name

    def catalog(self) -> dict[str, Any]:
        """What the tap can read.

        Raises:
            ConnectorError: the tap cannot be run, or does not say.
        """
        with self._configured() as folder:
            output = folder / "catalog"
            self._run(folder, ["--discover"], output)
            try:
                found: dict[str, Any] = json.loads(output.read_text())
                if "streams" in found:
                    return found
            except (ValueError, TypeError):
                pass
            raise PermanentError(
                "says nothing of its streams with --discover", where=self.name, do="Is this a tap?"
            )

    def read(
        self, catalog: Mapping[str, Any], state: Mapping[str, Any] | None, output: Path
    ) -> None:
        """Every message of a sync, into a file.

        Raises:
            ConnectorError: the tap failed; what it said last.
        """
        with self._configured() as folder:
            (folder / "chosen.json").write_text(json.dumps(catalog))
            chosen = str(folder / "chosen.json")
            arguments = ["--catalog", chosen]
            if state is not None:
                (folder / "state.json").write_text(json.dumps(state))
                arguments += ["--state", str(folder / "state.json")]
            try:
                self._run(folder, arguments, output)
            except PermanentError as error:
                if "unrecognized arguments: --catalog" not in error.what:
                    raise
                self._run(folder, ["--properties", chosen, *arguments[2:]], output)

    @contextmanager
    def _configured(self) -> Iterator[Path]:
        """A folder that only we may read, with the configuration in it."""
        with tempfile.TemporaryDirectory(prefix="scoreline-tap-") as name:
            folder = Path(name)
            handle = os.open(folder / "config.json", os.O_WRONLY | os.O_CREAT, 0o600)
            with os.fdopen(handle, "w") as file:
                json.dump(self._options.config, file)
            yield folder

    def _run(self, folder: Path, arguments: list[str], output: Path) -> None:
        command = [*self._options.command, "--config", str(folder / "config.json"), *arguments]
        errors = folder / "errors"
        try:
            with output.open("wb") as out, errors.open("wb") as err:
                ended = subprocess.run(  # noqa: S603  the program is named in a definition
                    command,
                    cwd=self._base,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    timeout=seconds_of(self._options.deadline),
                    check=False,
                )
        except FileNotFoundError:
            raise PermanentError(
                f"there is no program {command[0]!r}",
                where=self.name,
                do="Install the tap in an environment of its own, and name its program: "
                "uv tool install tap-github",
            ) from None
        except subprocess.TimeoutExpired:
            raise TransientError(
                f"ran longer than {self._options.deadline}",
                where=self.name,
                do="Raise the option deadline, or let it read less at once",
            ) from None
        if ended.returncode:
            raise self._failure(ended.returncode, errors.read_bytes())

    def _failure(self, status: int, said: bytes) -> ConnectorError:
        lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
        last = [x for x in lines if "CRITICAL" in x or "rror" in x][-2:] or lines[-2:]
        words = self.scrubber.text(" / ".join(last))[-SAID:]
        text = f"ended with status {status}: {words}"
        if _TRANSIENT.search(words):
            return TransientError(text, where=self.name)
        return PermanentError(text, where=self.name, do="Check the tap's config")


def chosen(catalog: dict[str, Any], wanted: str, options: SingerStream, where: str) -> Any:
    """The catalog with one stream selected, every field of it.

    Raises:
        PermanentError: the tap has no such stream.
    """
    names = [s.get("tap_stream_id") or s.get("stream") for s in catalog["streams"]]
    if wanted not in names:
        raise PermanentError(
            f"has no stream {wanted!r}; it has: {', '.join(map(str, names)) or 'none'}",
            where=where,
            do="Set the option stream",
        )
    stream = dict(catalog["streams"][names.index(wanted)])
    stream["selected"] = True  # older taps read it here, newer ones in the metadata
    known = {json.dumps(m.get("breadcrumb", [])): m for m in stream.get("metadata") or []}
    own = known.setdefault("[]", {"breadcrumb": [], "metadata": {}})
    for entry in known.values():
        if entry.get("metadata", {}).get("inclusion") != "unsupported":
            entry["metadata"] = {**entry.get("metadata", {}), "selected": True}
    if options.replication:
        own["metadata"]["replication-method"] = options.replication
        stream["replication_method"] = options.replication
    if options.replication_key:
        own["metadata"]["replication-key"] = options.replication_key
        stream["replication_key"] = options.replication_key
    stream["metadata"] = list(known.values())
    return {"streams": [stream]}

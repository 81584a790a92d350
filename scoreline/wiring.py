"""What is plugged where: the one place that makes a project from a folder.

What belongs here: choosing implementations (stores, validator, connectors, clock) and
resolving secret references. What does not: any step of a run.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scoreline.core.errors import UsageError
from scoreline.core.exact import parse_exact
from scoreline.core.model import Plan, Source, Stream
from scoreline.steps.ports import Clock, Discovered, Found, Listener, Silence, SourceFailure

if TYPE_CHECKING:
    from connectors.base import Connector, ObjectRef
    from connectors.batch import Batch as ConnectorBatch
    from scoreline.quality.model import Validator
    from scoreline.steps.checking import Recorded
    from scoreline.steps.project import Project
    from scoreline.warehouse.arrow import ArrowStream, Layout

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")
STATE_FOLDER = ".scoreline"


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


def open_project(
    root: Path,
    *,
    validator: Validator | None = None,
    clock: Clock = utc_now,
    listener: Listener | None = None,
    check_sql: bool = True,
) -> Project:
    """Open the project in a folder; its state is made where it is missing.

    Args:
        root: the folder that holds `okr_defs/`.
        validator: what evaluates checks; Great Expectations in a child process if None.
        clock: the time.
        listener: hears of progress.
        check_sql: parse the SQL of conditions and models; what only reads scores need not.

    Raises:
        UsageError: the folder holds no project.
        DefinitionError: the organisation file cannot be used.
        StoreError: the control store cannot be opened.
    """
    from scoreline.quality.gx import GxValidator
    from scoreline.steps.planning import load_plan
    from scoreline.steps.project import Paths, Project
    from scoreline.store.store import ControlStore
    from scoreline.warehouse.files import FileStore

    root = root.resolve()
    loaded = load_plan(root, check_options if check_sql else None, check_sql=check_sql)
    paths = Paths(root, root / STATE_FOLDER)
    paths.state.mkdir(parents=True, exist_ok=True)
    store = ControlStore.open(control_store_url(paths.state))
    organisation = loaded.plan.organisation
    return Project(
        paths=paths,
        plan=loaded.plan,
        problems=loaded.problems,
        definition_files=loaded.files,
        store=store,
        files=FileStore(paths.files),
        validator=validator or GxValidator(),
        extractor=lambda source: SourceReader(source, root, clock),
        clock=clock,
        version=version("scoreline"),
        personal_key=personal_key(organisation.pseudonym_key, paths.state, root),
        listener=listener or Silence(),
    )


def control_store_url(state: Path) -> str:
    """Where the control store is: `SCORELINE_STORE`, else SQLite in the state folder."""
    return os.environ.get("SCORELINE_STORE") or f"sqlite:///{state / 'control.db'}"


def personal_key(reference: str | None, state: Path, root: Path) -> bytes:
    """The key that pseudonyms are made with: the referenced one, else the project's own.

    The project's own is made once, readable by its owner only.
    """
    if reference is not None:
        return str(resolve_secrets(reference, root)).encode()
    path = state / "keys" / "pseudonym.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text().strip().encode()


def resolve_secrets(value: Any, root: Path) -> Any:
    """A copy of an options value with every `${env:NAME}` and `${file:PATH}` filled in.

    Raises:
        UsageError: a variable is not set or a file cannot be read; names it, not its value.
    """
    if isinstance(value, str):
        return _REFERENCE.sub(lambda m: _secret(m[1], m[2].strip(), root), value)
    if isinstance(value, Mapping):
        return {k: resolve_secrets(v, root) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_secrets(v, root) for v in value]
    return value


def _secret(kind: str, name: str, root: Path) -> str:
    if kind == "env":
        found = os.environ.get(name)
        if found is None:
            raise UsageError(f"the environment variable {name} is not set: export it and try again")
        return found
    try:
        return (root / name).read_text().strip()
    except OSError as error:
        raise UsageError(f"the secret file {name} cannot be read: {error.strerror}") from None


def check_options(source: Source) -> list[tuple[str | None, str]]:
    """What is wrong with a source's connector and options: (stream or None, words)."""
    from connectors.errors import ConnectorError
    from connectors.registry import load

    try:
        kind = load(source.connector)
    except ConnectorError as error:
        return [(None, str(error))]
    found: list[tuple[str | None, str]] = [
        (None, str(e)) for e in kind.option_errors(source.options)
    ]
    for stream in source.streams:
        errors = kind.option_errors(source.options, stream.options)
        known = {text for _, text in found}
        found += [(stream.name, str(e)) for e in errors if str(e) not in known]
    return found


class SourceReader:
    """A connector as the steps see it: one source of the definitions, secrets filled in."""

    def __init__(self, source: Source, root: Path, clock: Clock) -> None:
        self._source, self._root, self._clock = source, root, clock
        self._made: Connector | None = None

    def connector(self) -> Connector:
        """The connector itself, made when it is first needed.

        Raises:
            SourceFailure: unknown kind, illegal options, a secret that is not there.
        """
        from connectors.errors import ConnectorError
        from connectors.registry import load

        if self._made is None:
            try:
                options = resolve_secrets(self._source.options, self._root)
                kind = load(self._source.connector)
                self._made = kind(options, base=self._root, clock=self._clock)
            except (ConnectorError, UsageError) as error:
                raise SourceFailure(str(error)) from error
        return self._made

    def check(self, stream: Stream) -> None:
        """Prove that the stream can be reached.

        Raises:
            SourceFailure: it cannot, and why.
        """
        from connectors.errors import ConnectorError

        try:
            self.connector().check(_spec(stream))
        except ConnectorError as error:
            raise _failure(error) from error

    def discover(
        self,
        stream: Stream,
        objects: Mapping[str, tuple[str, str]],
        digests: frozenset[str],
        cursor: Mapping[str, Any] | None,
    ) -> Discovered:
        """What is new at the stream."""
        from connectors.base import SeenObject, State
        from connectors.errors import ConnectorError

        seen = {n: SeenObject(n, digest, mark) for n, (digest, mark) in objects.items()}
        try:
            found = self.connector().discover(_spec(stream), State(cursor, seen, digests))
        except ConnectorError as error:
            raise _failure(error) from error
        return Discovered(
            new=[Found(ref.name, ref.size, ref) for ref in found.new],
            touched={t.name: t.signature for t in found.touched},
            copies=[(Found(c.ref.name, c.ref.size, c.ref), c.of) for c in found.copies],
            unchanged=found.unchanged,
        )

    def extract(self, stream: Stream, found: Found, work: Path) -> SourceExtract:
        """Copy one object aside and open it."""
        from connectors.errors import ConnectorError

        ref: ObjectRef = found.handle
        try:
            return SourceExtract(self.connector().extract(_spec(stream), ref, work))
        except ConnectorError as error:
            raise _failure(error) from error

    def reopen(self, stream: Stream, name: str, path: Path) -> SourceExtract:
        """Open stored bytes again."""
        from connectors.errors import ConnectorError

        try:
            return SourceExtract(self.connector().reopen(_spec(stream), name, path))
        except ConnectorError as error:
            raise _failure(error) from error


@dataclass(frozen=True, slots=True)
class SourceExtract:
    """A connector's batch as the steps see it."""

    batch: ConnectorBatch

    @property
    def object(self) -> str:
        """The object's name."""
        return self.batch.object

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes as received."""
        return self.batch.digest

    @property
    def signature(self) -> str:
        """What tells cheaply that the object did not change."""
        return self.batch.signature

    @property
    def raw_path(self) -> Path:
        """The copy of the bytes."""
        return self.batch.raw_path

    @property
    def layout(self) -> Layout:
        """How the rows are delivered."""
        return self.batch.layout

    @property
    def missing_columns(self) -> Sequence[str]:
        """Declared columns that the object lacks."""
        return self.batch.tally.missing_columns

    @property
    def extra_columns(self) -> Sequence[str]:
        """Columns that the contract does not declare."""
        return self.batch.tally.extra_columns

    @property
    def cursor(self) -> Mapping[str, Any] | None:
        """Where the next extraction starts."""
        return self.batch.cursor

    def reader(self) -> ArrowStream:
        """The rows, once."""
        reader: ArrowStream = self.batch.reader()
        return reader

    def ragged(self) -> ArrowStream:
        """Rows that could not be cut into cells."""
        table: ArrowStream = self.batch.ragged()
        return table

    def receipt(self) -> Mapping[str, Any]:
        """The receipt, as plain JSON values."""
        return self.batch.receipt().as_dict()

    def failure(self) -> SourceFailure | None:
        """Why reading ended early, where it did."""
        return None if self.batch.failure is None else _failure(self.batch.failure)


def _failure(error: Exception) -> SourceFailure:
    from connectors.errors import TransientError

    transient = isinstance(error, TransientError)
    after = error.retry_after if isinstance(error, TransientError) else None
    return SourceFailure(str(error), transient=transient, retry_after=after)


def _spec(stream: Stream) -> Any:
    """The stream as connectors know it."""
    from connectors.base import ColumnSpec, StreamSpec

    return StreamSpec(
        name=stream.name,
        options=stream.options,
        columns=tuple(
            ColumnSpec(c.name, c.header, c.position, c.type.kind, c.decimal_mark)
            for c in stream.columns
        ),
        cursor=stream.cursor,
        key=stream.key,
        new_column=stream.schema_contract.new_column,
        missing_column=stream.schema_contract.missing_column,
    )


def recorded_facts(root: Path, plan: Plan) -> Recorded | None:
    """What a project's record says of its dimensions and key results; None without one."""
    from scoreline.definitions.lint import Facts
    from scoreline.steps.checking import Recorded
    from scoreline.store.store import ControlStore

    state = root / STATE_FOLDER
    url = control_store_url(state)
    if url.startswith("sqlite") and not (state / "control.db").exists():
        return None
    store = ControlStore.open(url)
    try:
        scores = store.newest_scores()
        newest = {
            kr: parse_exact(str(body["value"])) for kr, body in scores.items() if body.get("value")
        }
        facts = Facts(dimension_values=store.dimension_values(), newest=newest)
        return Recorded(facts, tuple(scores))
    finally:
        store.close()

"""The resolved plan: what the definitions mean, after every reference is found.

What belongs here: frozen values that describe an organisation's sources, metrics and
objectives. What does not: YAML, files, SQL, databases, or anything that computes.
Numbers that take part in a score are `Decimal`, exactly as written in the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from scoreline.core.access import Access
from scoreline.core.errors import Place
from scoreline.core.notices import Notify
from scoreline.core.retention import Retention

TypeKind = Literal["text", "boolean", "integer", "decimal", "date", "timestamp", "json"]
LoadMode = Literal["append", "merge", "replace"]
OnFailure = Literal["block", "quarantine", "warn"]
UnitKind = Literal["share", "percent", "ratio", "count", "number", "currency", "days", "score"]
WindowKind = Literal[
    "cycle", "day", "week", "month", "quarter", "year", "last", "trailing", "all", "latest"
]
Period = Literal["day", "week", "month", "quarter", "year"]


# --- sources ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A declared type; `precision` and `scale` are set for decimals only."""

    kind: TypeKind
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return self.kind


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a stream's contract.

    `header` is the column's name in the source where it differs from ours; `position`
    (from 1) finds a column whose header is blank or repeated. `formats` are strptime
    formats, tried in order; empty means ISO 8601. `decimal_mark` and `thousands_mark` are
    what a number written as text has before its decimals and between its thousands.
    """

    name: str
    type: ColumnType
    header: str | None = None
    position: int | None = None
    formats: tuple[str, ...] = ()
    timezone: str | None = None
    ambiguous: Literal["earlier", "later"] | None = None
    one_of: tuple[str, ...] = ()
    null_values: tuple[str, ...] = ("",)
    personal: Literal["keep", "pseudonym", "drop"] = "keep"
    on_error: Literal["quarantine", "block"] = "quarantine"
    decimal_mark: str = "."
    thousands_mark: str | None = None
    description: str = ""
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A Great Expectations type with its arguments (plain JSON values) and our policy."""

    type: str
    arguments: Mapping[str, Any]
    on_failure: OnFailure = "block"
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class SchemaContract:
    """What happens when a source's columns differ from the contract."""

    new_column: Literal["keep", "drop", "block"] = "keep"
    missing_column: Literal["block", "null"] = "block"
    type_change: Literal["block", "cast"] = "block"
    shrink_below: Decimal = Decimal("0.5")


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: a whole number of hours, days, weeks (7 days) or working days."""

    amount: int
    unit: Literal["hours", "days", "weeks", "workdays"]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit}"


@dataclass(frozen=True, slots=True)
class Stream:
    """One table of a source: its contract, how it is loaded, and its checks."""

    name: str
    source: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    load: LoadMode
    options: Mapping[str, Any] = field(default_factory=dict)
    history: bool = False
    version_by: str | None = None
    event_time: str | None = None
    cursor: str | None = None
    fresh_within: Duration | None = None
    fresh_by: Literal["event", "extract"] = "event"
    schema_contract: SchemaContract = SchemaContract()
    expect: tuple[Expectation, ...] = ()
    retention: Retention | None = None
    description: str = ""
    place: Place = field(default=Place(""), compare=False)

    @property
    def full_name(self) -> str:
        """`<source>.<stream>`, as SQL and `from:` write it."""
        return f"{self.source}.{self.name}"

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class Source:
    """A system that data comes from; `options` may hold secret references, never secrets."""

    name: str
    connector: str
    streams: tuple[Stream, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    schedule: str | None = None
    owner: str | None = None
    description: str = ""
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Model:
    """A SQL view over streams and other models; `reads` are the full names in its FROMs."""

    name: str
    sql: str
    reads: tuple[str, ...] = ()
    place: Place = field(default=Place(""), compare=False)

    @property
    def full_name(self) -> str:
        """`models.<name>`, as SQL and `from:` write it."""
        return f"models.{self.name}"


# --- metrics ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Unit:
    """What a value is counted in. `share` and `percent` are ratios shown times 100."""

    kind: UnitKind
    currency: str | None = None

    @property
    def factor(self) -> int:
        """What an exact value is multiplied by to be shown: 100 for share and percent."""
        return 100 if self.kind in ("share", "percent") else 1

    def __str__(self) -> str:
        return f"currency:{self.currency}" if self.kind == "currency" else self.kind


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate over rows; `column` is None for `count: rows`."""

    kind: Literal["count", "count_distinct", "sum", "min", "max", "average"]
    column: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """Numerator over denominator, both over the same rows; `where` narrows both."""

    numerator: Aggregate
    denominator: Aggregate
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """Which days' rows a value covers. `period` for day..year and last; `days` for trailing."""

    kind: WindowKind
    period: Period | None = None
    days: int | None = None

    def __str__(self) -> str:
        if self.kind == "last":
            return f"last {self.period}"
        return f"trailing {self.days}d" if self.kind == "trailing" else self.kind


@dataclass(frozen=True, slots=True)
class Metric:
    """A number with a meaning, an owner and a unit.

    Either `measure` with `from_` (a stream's or model's full name), or `derived`, a
    formula over other metrics. `file` is the definitions file, relative to the project.
    """

    name: str
    title: str
    unit: Unit
    file: str
    description: str = ""
    owner: str | None = None
    from_: str | None = None
    measure: Aggregate | Ratio | None = None
    derived: str | None = None
    time: str | None = None
    window: Window = Window("cycle")
    dimensions: tuple[str, ...] = ()
    settle_days: int = 0
    place: Place = field(default=Place(""), compare=False)


# --- objectives ------------------------------------------------------------------------

Filter = tuple[tuple[str, tuple[str, ...]], ...]
"""A key result's filter, sorted: ((dimension, (value, …)), …); any of the values, all keys."""


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A point of a declared expected curve."""

    date: date
    progress: Decimal


@dataclass(frozen=True, slots=True)
class Expected:
    """The expected curve; `waypoints` only for the kind of that name."""

    kind: Literal["linear", "back_loaded", "front_loaded", "s_curve", "workdays", "waypoints"] = (
        "linear"
    )
    waypoints: tuple[Waypoint, ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineAt:
    """A baseline that is the metric's value on a day, taken once and frozen."""

    date: date


@dataclass(frozen=True, slots=True)
class TargetChange:
    """A target relative to the baseline: `percent` of it, or an absolute difference."""

    amount: Decimal
    percent: bool


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point (value, progress) of a declared progress curve."""

    value: Decimal
    progress: Decimal


@dataclass(frozen=True, slots=True)
class Reach:
    """From a baseline to a target; with `curve`, piecewise linear through its points."""

    baseline: Decimal | BaselineAt
    target: Decimal | TargetChange
    curve: tuple[CurvePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Keep:
    """Stay inside bounds, period by period."""

    at_least: Decimal | None = None
    at_most: Decimal | None = None
    every: Literal["day", "week", "month", "quarter"] = "week"
    exclusive: bool = False
    pass_at: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class DoneWhen:
    """A milestone that data completes: from the first day on which the bound holds."""

    metric: str
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    filter: Filter = ()


@dataclass(frozen=True, slots=True)
class Milestone:
    """One step; done on `done`, or once `done_when` held, or not yet."""

    title: str
    weight: Decimal
    due: date
    done: date | None = None
    done_when: DoneWhen | None = None


@dataclass(frozen=True, slots=True)
class Milestones:
    """Weighted steps."""

    steps: tuple[Milestone, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """Done or not: `on` is the date, None while it is not."""

    on: date | None


Kind = Reach | Keep | Milestones | Done


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """When and why a key result was dropped."""

    date: date
    why: str


@dataclass(frozen=True, slots=True)
class KeyResult:
    """One key result. `id` is `<cycle>/<team>/<objective>/<key result>`, for ever.

    `metric` is None for manual key results, milestones and done. `owner` is the key
    result's own or its objective's. `broken` says why its metric cannot be computed
    (a definition it needs is in error); such a key result has no value.
    """

    id: str
    title: str
    kind: Kind
    start: date
    due: date
    file: str
    owner: str | None = None
    metric: str | None = None
    filter: Filter = ()
    manual: bool = False
    weight: Decimal = Decimal(1)
    expected: Expected = Expected()
    cap: Decimal = Decimal(1)
    withdrawn: Withdrawn | None = None
    moved_from: str | None = None
    description: str = ""
    broken: str | None = None
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Objective:
    """An objective of a team. `id` is `<cycle>/<team>/<objective>`; `supports` is a full id."""

    id: str
    cycle: str
    team: str
    title: str
    file: str
    key_results: tuple[KeyResult, ...]
    owner: str | None = None
    supports: str | None = None
    commitment: Literal["committed", "aspirational"] = "aspirational"
    weight: Decimal = Decimal(1)
    status_rule: Literal["weighted", "weakest"] = "weighted"
    roll_up: Literal["key_results", "children", "both"] = "key_results"
    description: str = ""
    place: Place = field(default=Place(""), compare=False)


# --- the organisation and the whole -----------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cycle:
    """A named span of days, both ends included."""

    name: str
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where statuses change, as shares of the expected progress; grace as a share of time."""

    on_track: Decimal = Decimal("0.90")
    at_risk: Decimal = Decimal("0.70")
    grace: Decimal = Decimal("0.10")


@dataclass(frozen=True, slots=True)
class Team:
    """A team, its lead and its parent (None at the top)."""

    name: str
    lead: str | None = None
    parent: str | None = None
    title: str | None = None
    weight: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Person:
    """A person by e-mail address."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class LineageTo:
    """Where lineage events go after each run: an OpenLineage endpoint, a file, or both.

    `api_key` is a secret reference. `namespace` is that of jobs and datasets; None: the
    organisation's name.
    """

    url: str | None = None
    file: str | None = None
    api_key: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """What is fixed for the whole organisation.

    `evaluate` is `last_complete_day`, `today`, or a fixed day (a pinned example or an
    archive). `holidays` are the days themselves, a country code already expanded over
    the cycles' years. `pseudonym_key` is a secret reference or None (keys of the
    project's own are made in its state folder); `later_pseudonym_keys` follow it.
    `approve_targets` says who agrees to a changed target before it counts; None: it counts
    from the next run on. `retention` holds for every stream that declares none of its own.
    `signing_key`, which signs the ledger, is a reference or None too. `checkpoints_to` is
    the folder or URL that signed checkpoints are copied to, `lineage` where lineage events go
    (it takes no part in what is recorded).
    """

    name: str
    timezone: str
    cycles: Mapping[str, Cycle]
    teams: Mapping[str, Team]
    people: Mapping[str, Person] = field(default_factory=dict)
    evaluate: Literal["last_complete_day", "today"] | date = "last_complete_day"
    fiscal_year_starts: tuple[int, int] = (1, 1)
    thresholds: Thresholds = Thresholds()
    holidays: frozenset[date] = frozenset()
    check_ins: Literal["weekly", "biweekly", "monthly", "quarterly"] = "weekly"
    schedule: str | None = None
    pseudonym_key: str | None = None
    later_pseudonym_keys: tuple[str, ...] = ()
    approve_targets: Literal["owner"] | None = None
    retention: Retention | None = None
    signing_key: str | None = None
    checkpoints_to: str | None = None
    lineage: LineageTo | None = None
    place: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the definitions say, in their order, with every reference resolved.

    What is in error is left out (a key result that only lost its metric stays, with
    `broken` set). Mappings are by full name: sources by name, streams by
    `<source>.<stream>`, models by `models.<name>`, metrics by name, objectives by id.
    `notify` and `access` change no score and take no part in what is recorded of one.
    """

    organisation: Organisation
    sources: Mapping[str, Source] = field(default_factory=dict)
    models: Mapping[str, Model] = field(default_factory=dict)
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    objectives: Mapping[str, Objective] = field(default_factory=dict)
    notify: Notify = field(default_factory=Notify)
    access: Access = field(default_factory=Access)

    @property
    def streams(self) -> dict[str, Stream]:
        """Every stream by its full name, in the order of the definitions."""
        return {s.full_name: s for source in self.sources.values() for s in source.streams}

    @property
    def key_results(self) -> dict[str, KeyResult]:
        """Every key result by its full name, in the order of the definitions."""
        return {k.id: k for o in self.objectives.values() for k in o.key_results}

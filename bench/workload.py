"""The workload: which metrics and key results there are, for data, definitions and baseline.

What belongs here: names and numbers that all parts of the benchmark agree on. What does
not: rows (generate), definitions as YAML (definitions), computing anything (baseline).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

CYCLE = "2025"
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 31)
BASE_LAST = date(2025, 12, 20)
"""The last day of the first delivery; each increment brings the two days after the one before."""

TIMEZONE = "Europe/Berlin"
TEAMS = tuple(f"team-{n:02d}" for n in range(1, 13))
STATUSES = ("completed", "failed", "in progress")
STAGES = ("Prospecting", "Engaging", "Won", "Lost")
INCREMENTS = 4

LMS_KINDS = ("completions", "learners", "minutes", "score")
CRM_KINDS = ("won", "revenue", "win_rate", "deal")


@dataclass(frozen=True, slots=True)
class Asked:
    """One key result: a metric of a kind about a subject, for one team.

    Attributes:
        metric: the metric's name.
        kind: one of `LMS_KINDS` or `CRM_KINDS`.
        subject: a course or a product.
        team: the only team of the key result's filter.
        target: progress is the value over it; the baseline is 0.
    """

    metric: str
    kind: str
    subject: str
    team: str
    target: int

    @property
    def name(self) -> str:
        """The key result's short name, unique in the workload."""
        return f"{self.metric.replace('_', '-')}-{self.team}"


@dataclass(frozen=True, slots=True)
class Workload:
    """The size of everything.

    Attributes:
        rows: rows of the LMS stream; the CRM stream has a tenth.
        metrics: how many metrics; four for each course or product.
        key_results: how many key results; at most 12 for each metric.
        lms_files: files of the LMS stream's first delivery; the CRM has half as many.
    """

    rows: int = 5_000_000
    metrics: int = 200
    key_results: int = 200
    lms_files: int = 4

    def __post_init__(self) -> None:
        """Refuse sizes that cannot be laid out.

        Raises:
            ValueError: metrics not a multiple of 20, or key results not of the metrics.
        """
        if self.metrics % 20 or self.key_results % self.metrics or self.per_metric > len(TEAMS):
            raise ValueError(
                f"{self.metrics} metrics and {self.key_results} key results: metrics come in "
                f"twenties, and each has the same number of key results, {len(TEAMS)} at most"
            )

    @property
    def per_metric(self) -> int:
        """Key results of each metric."""
        return self.key_results // self.metrics

    @property
    def crm_rows(self) -> int:
        """Rows of the CRM stream."""
        return self.rows // 10

    @property
    def crm_files(self) -> int:
        """Files of the CRM stream."""
        return max(1, self.lms_files // 2)

    @property
    def courses(self) -> tuple[str, ...]:
        """The courses: four metrics each, four fifths of all."""
        return tuple(f"C-{n:03d}" for n in range(1, self.metrics // 5 + 1))

    @property
    def products(self) -> tuple[str, ...]:
        """The products: four metrics each, a fifth of all."""
        return tuple(f"P-{n:03d}" for n in range(1, self.metrics // 20 + 1))

    @property
    def learners(self) -> int:
        """How many people learn: a hundred rows each."""
        return max(100, self.rows // 100)

    def kinds(self) -> list[tuple[str, str, str]]:
        """Every metric: name, kind, subject."""
        pairs = [(k, c) for c in self.courses for k in LMS_KINDS]
        pairs += [(k, p) for p in self.products for k in CRM_KINDS]
        return [(f"{k}_{s.lower().replace('-', '_')}", k, s) for k, s in pairs]

    def asked(self) -> list[Asked]:
        """Every key result, in the order of the definitions: team by team."""
        found = [
            Asked(name, kind, subject, TEAMS[(number + step) % len(TEAMS)], self._target(kind))
            for number, (name, kind, subject) in enumerate(self.kinds())
            for step in range(self.per_metric)
        ]
        return sorted(found, key=lambda a: (a.team, a.metric))

    def _target(self, kind: str) -> int:
        """About what a team reaches by the end of the year."""
        lms = self.rows // len(self.courses) // len(TEAMS)
        crm = self.crm_rows // len(self.products) // len(TEAMS)
        return {
            "completions": max(1, lms * 7 // 10),
            "learners": max(1, lms // 2),
            "minutes": max(1, lms * 40),
            "score": 75,
            "won": max(1, crm // 4),
            "revenue": max(1, crm * 12_000),
            "win_rate": 60,
            "deal": 50_000,
        }[kind]


def increment_days(number: int) -> tuple[date, date]:
    """First and last new day of increment `number` (1 to `INCREMENTS`): two days each."""
    first = BASE_LAST + timedelta(days=2 * number - 1)
    return first, first + timedelta(days=1)

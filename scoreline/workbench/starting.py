"""A new project: every file of it, from a draft of its first source.

What belongs here: which files there are and what stands in them (templates/project). What does
not: asking a person (cli), the draft of the source (drafting).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from scoreline.core.durable import write_whole
from scoreline.core.errors import UsageError
from scoreline.definitions.project import FOLDER
from scoreline.workbench.drafting import Draft
from scoreline.workbench.editor import editor_files
from scoreline.workbench.first_metric import FirstMetric, dimensions, rounded
from scoreline.workbench.naming import plain_name
from scoreline.workbench.proposals import StreamProposal
from scoreline.workbench.templating import read, render

_AS_THEY_ARE = {
    "dagster.yaml": "dagster.yaml",
    "scoreline_location.py": "scoreline_location.py",
    ".gitignore": "gitignore",
    ".github/workflows/key-results.yml": "workflow.yml",
}


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose, or left as proposed."""

    organisation: str
    timezone: str
    team: str
    owner: str
    metric: FirstMetric
    baseline: Decimal | None = None
    target: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Started:
    """What was written, what was there already, and where a person goes on."""

    written: tuple[str, ...]
    kept: tuple[str, ...]
    source: str
    objectives: str


def refuse_existing(root: Path) -> None:
    """A folder that holds definitions is never started again.

    Raises:
        UsageError: it holds any, or it is no folder.
    """
    if (root / FOLDER).exists():
        raise UsageError(
            f"{root / FOLDER} is there already: nothing was written. `scoreline new source --from "
            "FILE` adds a source to it"
        )
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file, not a folder")


def half_year(day: date) -> tuple[str, date, date]:
    """The half-year that holds a day: its name, first and last day."""
    if day.month <= 6:
        return f"{day.year}-H1", date(day.year, 1, 1), date(day.year, 6, 30)
    return f"{day.year}-H2", date(day.year, 7, 1), date(day.year, 12, 31)


def project_files(draft: Draft, choices: Choices, today: date) -> dict[str, str]:
    """Every file of the project by its path, editor settings included."""
    cycle, start, end = half_year(today)
    team, metric, proposal = plain_name(choices.team, "team"), choices.metric, draft.proposal
    baseline = metric.value if choices.baseline is None else choices.baseline
    target = metric.target if choices.target is None else choices.target
    values: Mapping[str, object] = {
        "organisation": choices.organisation,
        "timezone": choices.timezone,
        "cycle": cycle,
        "start": start,
        "end": end,
        "team": team,
        "owner": choices.owner,
        "metric": metric,
        "source": proposal.name,
        "stream": f"{proposal.name}.{proposal.stream.name}",
        "window_note": _window_note(proposal.stream),
        "dimensions": dimensions(draft, metric),
        "key_result": metric.name.replace("_", "-"),
        "baseline": _plain(baseline),
        "target": _plain(target if target != baseline else rounded(baseline + 1)),
        "location": plain_name(choices.organisation, "key_results"),
    }
    return {
        f"{FOLDER}/organisation.yaml": render("project/organisation.yaml.jinja", values),
        f"{FOLDER}/sources/{proposal.name}.yaml": draft.text,
        f"{FOLDER}/metrics/{proposal.name}.yaml": render("project/metrics.yaml.jinja", values),
        f"{FOLDER}/objectives/{cycle}/{team}.yaml": render("project/objectives.yaml.jinja", values),
        "workspace.yaml": render("project/workspace.yaml.jinja", values),
        **{name: read(f"project/{template}") for name, template in _AS_THEY_ARE.items()},
        **editor_files(),
    }


def _window_note(stream: StreamProposal) -> str:
    """How the metric would count only what falls into the cycle."""
    if stream.event_time is not None:
        return f"cycle: only those whose {stream.event_time} lies in the cycle"
    time = next((c.name for c in stream.columns if c.is_time), None)
    if time is None:
        return "without a column of days or times nothing else is possible"
    return f"cycle, with time: {time}: only those whose {time} lies in the cycle"


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_project(root: Path, files: Mapping[str, str], source: str) -> Started:
    """Write what is not there yet; a file that is there is kept as it is."""
    written, kept = [], []
    for name, text in files.items():
        path = root / name
        if path.exists():
            kept.append(name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text)
        written.append(name)
    objectives = next(n for n in files if n.startswith(f"{FOLDER}/objectives/"))
    return Started(tuple(written), tuple(kept), source, objectives)

"""Names that Dagster accepts for whatever files and streams are called.

What belongs here: asset keys, and the names of jobs, schedules and checks. What does not:
anything that reads definitions or runs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

import dagster as dg

from scoreline.quality.model import CheckSpec

_NOT_IN_KEY = re.compile(r"[^A-Za-z0-9_.-]")
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_]")
_NOISE = re.compile(r"^expect_(column_values_to_)?(be_)?|(?<=not_)be_")
_LONGEST_CHECK = 80
FOLDER = "okr_defs/"


def digest6(text: str) -> str:
    """Six hexadecimal digits of the SHA-256 of a text, to tell two similar names apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:6]


def key_part(text: str) -> str:
    """A part of an asset key: the text itself where Dagster can take it.

    Dagster makes the names of an op's outputs from the parts of a key, and accepts ASCII
    letters, digits, `_`, `-` and `.` there.
    """
    escaped = _NOT_IN_KEY.sub("_", text)
    return escaped if escaped == text and text else f"{escaped}_{digest6(text)}"


def name_of(text: str) -> str:
    """The name of a job, op, group or schedule: ASCII letters, digits and `_`."""
    return _NOT_IN_NAME.sub("_", key_part(text)) or "_"


def stream_key(full_name: str) -> dg.AssetKey:
    """The key of a stream's asset: [source, stream]."""
    return dg.AssetKey([key_part(part) for part in full_name.split(".", 1)])


def file_key(path: str) -> dg.AssetKey:
    """The key of a definition file's asset.

    `okr_defs/metrics/learning.yaml` is `metrics/learning`, an objectives file
    `objectives/<cycle>/<team>`; every other file stands below `definitions`.

    Args:
        path: relative to the project's folder.
    """
    parts = PurePosixPath(path.removeprefix(FOLDER)).with_suffix("").parts or (path,)
    if parts[0] not in ("metrics", "objectives"):
        parts = ("definitions", *parts)
    return dg.AssetKey([key_part(part) for part in parts])


def unique_keys(wanted: Mapping[str, dg.AssetKey]) -> dict[str, dg.AssetKey]:
    """The keys, told apart where Dagster would make one output name of two.

    `a-b` and `a_b` both become `a_b` there. The first in alphabetical order of what they
    stand for keeps its plain key; the others carry a digest, so a name never depends on
    when a file was added.

    Args:
        wanted: what a key stands for -> the key.
    """
    taken: set[str] = set()
    found: dict[str, dg.AssetKey] = {}
    for subject in sorted(wanted):
        key = wanted[subject]
        if key.to_python_identifier().lower() in taken:
            key = dg.AssetKey([*key.path[:-1], f"{key.path[-1]}_{digest6(subject)}"])
        taken.add(key.to_python_identifier().lower())
        found[subject] = key
    return found


def check_names(specs: Iterable[CheckSpec], reserved: Iterable[str] = ()) -> list[str]:
    """A stable name for each check, in their order.

    A name says what is expected of which columns, such as `between__score`; checks of
    the same type on the same columns are numbered.

    Args:
        specs: the checks of one stream.
        reserved: names that are taken.
    """
    taken, names = set(reserved), []
    for spec in specs:
        plain = _check_name(spec)
        name, number = plain, 1
        while name in taken:
            number += 1
            name = f"{plain}_{number}"
        taken.add(name)
        names.append(name)
    return names


def _check_name(spec: CheckSpec) -> str:
    kind = _NOISE.sub("", spec.type)
    columns = [v for k, v in spec.arguments.items() if k in ("column", "column_A", "column_B")]
    columns += spec.arguments.get("column_list") or spec.arguments.get("column_set") or []
    name = _NOT_IN_NAME.sub("_", "__".join([kind, *map(str, columns)]))
    return name if len(name) <= _LONGEST_CHECK else f"{name[:_LONGEST_CHECK]}_{digest6(name)}"

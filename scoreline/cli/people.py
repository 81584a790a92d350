"""`checkin`: what people say of key results.

What belongs here: printing. What does not: which check-ins are legal (steps).
"""

from __future__ import annotations

import getpass
from pathlib import Path

from scoreline.cli.console import console, exit_status, opened, print_json, safe
from scoreline.steps.checking_in import CheckInRequest, check_in
from scoreline.steps.status import find_key_result


def say_of(root: Path, key_result: str, request: CheckInRequest, json: bool) -> int:
    """Record a check-in or an override; returns the exit status."""
    with opened(root) as project:
        kr = find_key_result(project, key_result)
        entry, record = check_in(project, kr, request)
    if json:
        print_json({"key_result": kr.id, "day": entry.day.isoformat(), "record": record})
        return exit_status(project)
    what = "override" if entry.until else "check-in"
    console().print(
        f"[green]✔[/] {what} for {safe(kr.title)} on {entry.day} by {safe(entry.who)} "
        f"[dim](record {record[:12]})[/]; `scoreline run` scores it"
    )
    return exit_status(project)


def login_name() -> str:
    """The login name of whoever runs this process."""
    return getpass.getuser()

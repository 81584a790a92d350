"""`notify`, and what a run says of messages.

What belongs here: printing messages and what became of them. What does not: making or
sending them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.console import Console

from scoreline.cli.console import console, opened, print_json, safe, table
from scoreline.core.errors import UsageError
from scoreline.core.notices import Message
from scoreline.definitions.spec_base import nearest
from scoreline.steps.telling import Told, send_test, tell

FAILED = 3
_NOBODY = "nobody is to be told: okr_defs/notify.yaml names recipients (see docs/messages.md)"


def notify_project(root: Path, *, dry_run: bool, again: str | None, json: bool) -> int:
    """Send what is due, or only print it; returns 3 where a message could not be sent."""
    with opened(root, check_sql=False) as project:
        if again is not None:
            project.store.send_again(again, project.now())
        told = tell(project, dry_run=dry_run)
    if json:
        print_json({"dry_run": dry_run, **told_as_json(told)})
    elif dry_run:
        _print_new(told)
    else:
        out = console()
        if not told.configured:
            out.print(_NOBODY)
        elif not (told.sent or told.is_wrong or told.unsure):
            out.print("[green]✔[/] there is nothing to tell")
        print_told(told, out)
    return FAILED if told.is_wrong else 0


def told_as_json(told: Told) -> dict[str, Any]:
    """What telling did, as plain values."""
    return {
        "configured": told.configured,
        "new": [_message(m) for m in told.new],
        "sent": [m.key for m in told.sent],
        "failed": [{"key": m.key, "error": m.error} for m in told.failed],
        "unsure": [m.key for m in told.unsure],
        "problems": list(told.problems),
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "key": message.key,
        "recipient": message.recipient,
        "address": message.address,
        "event": message.event,
        "title": message.title,
        "body": message.body,
    }


def print_told(told: Told, out: Console) -> None:
    """Print what became of messages; nothing where there were none."""
    if told.sent:
        names = ", ".join(dict.fromkeys(_to(m) for m in told.sent))
        out.print(f"[green]✔[/] {_count(len(told.sent))} sent: {safe(names)}")
    for problem in told.problems:
        out.print(f"[red]message[/] {safe(problem)}")
    for message in told.failed:
        out.print(
            f"[red]not sent[/] {safe(message.key)}: {safe(message.error or 'not tried')}; "
            "the next `scoreline notify` or run tries again"
        )
    for message in told.unsure:
        out.print(
            f"[yellow]unsure[/] {safe(message.key)}: the sender was interrupted, it may have "
            f"arrived; once more: scoreline notify --again {safe(message.key)}"
        )


def _print_new(told: Told) -> None:
    out = console()
    if not told.configured:
        out.print(_NOBODY)
    elif not told.new:
        out.print("[green]✔[/] there is nothing new to tell")
    for message in told.new:
        out.print(f"[bold]to {safe(_to(message))}[/] [dim]({safe(message.key)})[/]")
        out.print(f"[bold]{safe(message.title)}[/]")
        for line in message.body.splitlines():
            out.print(f"  {safe(line)}")
        out.print()
    print_told(told, out)


def list_messages(root: Path, json: bool) -> int:
    """Print messages that wait or are unsure, and the newest ones."""
    with opened(root, check_sql=False) as project:
        open_ones = project.store.messages(["pending", "sending", "unsure"])
        newest = project.store.messages(["sent"], limit=50)
        zone = project.zone
    found = [*open_ones, *newest]
    if json:
        print_json(
            [
                {
                    **_message(m),
                    "state": m.state,
                    "attempts": m.attempts,
                    "error": m.error,
                    "changed_at": m.changed_at.isoformat() if m.changed_at else None,
                }
                for m in found
            ]
        )
        return 0
    rows = [
        [
            f"{m.changed_at.astimezone(zone):%Y-%m-%d %H:%M}" if m.changed_at else "",
            m.state,
            safe(_to(m)),
            safe(m.title),
            safe(m.error or ""),
        ]
        for m in found
    ]
    console().print(table("", ("when", "state", "to", "message", "error"), rows))
    return 0


def test_recipient(root: Path, name: str, address: str | None, json: bool) -> int:
    """Send a test message; returns 3 where it could not be sent."""
    from scoreline.notify.ports import DeliveryError

    with opened(root, check_sql=False) as project:
        recipients = project.plan.notify.recipients
        if name not in recipients:
            known = nearest(name, recipients) or f"there are: {', '.join(recipients) or 'none'}"
            raise UsageError(f"there is no recipient {name!r} in okr_defs/notify.yaml: {known}")
        if recipients[name].to == "owners" and address is None:
            raise UsageError(f"{name} writes to owners: give --to ADDRESS with --test")
        try:
            send_test(project, recipients[name], address)
        except DeliveryError as error:
            failed: str | None = str(error)
        else:
            failed = None
    if json:
        print_json({"recipient": name, "sent": failed is None, "error": failed})
    elif failed is None:
        console().print(f"[green]✔[/] {safe(name)} took a test message")
    else:
        console().print(f"[red]not sent[/] {safe(name)}: {safe(failed)}")
    return FAILED if failed else 0


def _to(message: Message) -> str:
    return f"{message.recipient} <{message.address}>" if message.address else message.recipient


def _count(number: int) -> str:
    return f"{number} message{'' if number == 1 else 's'}"

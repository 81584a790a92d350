"""The outbox: what was told, and every message on its way, so that none goes out twice.

What belongs here: the store's methods on messages. What does not: what they say (notify),
when there is something to say (steps).

A message's key names its event. It is written `pending` together with the states that it
tells of, marked `sending` before the attempt and `sent` after it. Whoever finds one
`sending` for too long marks it `unsure`: it may have arrived, and is not sent by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from scoreline.core.errors import UsageError
from scoreline.core.notices import Message, MessageState
from scoreline.store import guarded
from scoreline.store.base import StoreBase
from scoreline.store.codec import instant, instant_text
from scoreline.store.schema import messages, told


class OutboxBook(StoreBase):
    """The store's methods on messages."""

    def told(self) -> dict[str, str]:
        """The state of each subject that people were told of last."""
        with self._read() as connection:
            return _told(connection)

    def message_keys(self) -> frozenset[str]:
        """The key of every message there ever was."""
        with self._read() as connection:
            return frozenset(connection.execute(select(messages.c.key)).scalars())

    def enqueue(
        self,
        known: Mapping[str, str | None],
        states: Mapping[str, str],
        drafts: Sequence[Message],
        now: datetime,
    ) -> bool:
        """Keep messages to be sent, and the states that they tell of, in one transaction.

        Args:
            known: the told states that the messages were made by (None: none yet).
            states: the new ones.
            drafts: messages; one whose key is there already is left out.
            now: the time.

        Returns:
            False, and nothing was written, where somebody else told of a subject meanwhile.
        """
        with self._write() as connection:
            present = _told(connection)
            if any(present.get(subject) != state for subject, state in known.items()):
                return False
            _tell(connection, states, now)
            taken = set(connection.execute(select(messages.c.key)).scalars())
            new = {d.key: d for d in drafts if d.key not in taken}
            rows = [_row(d, now) for d in new.values()]
            guarded.insert_rows(connection, messages, rows)
        return True

    def claim(self, key: str, now: datetime) -> bool:
        """Mark a pending message as being sent; False where somebody else has done so."""
        with self._write() as connection:
            row = _message(connection, key)
            if row is None or row["state"] != "pending":
                return False
            new = {"state": "sending", "attempts": row["attempts"] + 1, **_changed(now)}
            guarded.change_rows(connection, messages, [(row, new)])
        return True

    def settle(self, key: str, error: str | None, now: datetime) -> None:
        """Note how an attempt ended: sent, or pending again with the reason."""
        with self._write() as connection:
            row = _message(connection, key)
            if row is not None and row["state"] == "sending":
                state = "sent" if error is None else "pending"
                new = {"state": state, "error": error, **_changed(now)}
                guarded.change_rows(connection, messages, [(row, new)])

    def give_up(self, before: datetime, now: datetime) -> None:
        """Mark as unsure what has been `sending` since before a moment: its sender died."""
        query = select(messages).where(
            messages.c.state == "sending", messages.c.changed_at < instant_text(before)
        )
        with self._write() as connection:
            rows = connection.execute(query).mappings().all()
            new = {"state": "unsure", "error": "the sender was interrupted", **_changed(now)}
            guarded.change_rows(connection, messages, [(row, new) for row in rows])

    def send_again(self, key: str, now: datetime) -> None:
        """Put a message that is unsure back among those to be sent.

        Raises:
            UsageError: there is no such message, or it is not unsure.
        """
        with self._write() as connection:
            row = _message(connection, key)
            if row is None or row["state"] != "unsure":
                state = "there is no such message" if row is None else f"it is {row['state']}"
                raise UsageError(f"message {key!r} cannot be sent again: {state}")
            new = {"state": "pending", **_changed(now)}
            guarded.change_rows(connection, messages, [(row, new)])

    def messages(
        self, states: Collection[MessageState] | None = None, limit: int | None = None
    ) -> list[Message]:
        """Messages in those states (None: in any), oldest first; with a limit, the newest."""
        query = select(messages)
        if states is not None:
            query = query.where(messages.c.state.in_(list(states)))
        order = (messages.c.created_at.desc(), messages.c.key.desc())
        with self._read() as connection:
            rows = connection.execute(query.order_by(*order).limit(limit)).mappings().all()
        return [_from(row) for row in reversed(rows)]


def _told(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(told.c.subject, told.c.state))
    return {row.subject: row.state for row in rows}


def _tell(connection: Connection, states: Mapping[str, str], now: datetime) -> None:
    rows = {r["subject"]: r for r in connection.execute(select(told)).mappings()}
    at = instant_text(now)
    fresh = [
        {"subject": subject, "state": state, "at": at}
        for subject, state in states.items()
        if subject not in rows
    ]
    changes = [
        (rows[subject], {"state": state, "at": at})
        for subject, state in states.items()
        if subject in rows and rows[subject]["state"] != state
    ]
    guarded.insert_rows(connection, told, fresh)
    guarded.change_rows(connection, told, changes)


def _message(connection: Connection, key: str) -> Any:
    return connection.execute(select(messages).where(messages.c.key == key)).mappings().first()


def _changed(now: datetime) -> dict[str, str]:
    return {"changed_at": instant_text(now)}


def _row(draft: Message, now: datetime) -> dict[str, Any]:
    return {
        "key": draft.key,
        "recipient": draft.recipient,
        "event": draft.event,
        "address": draft.address,
        "title": draft.title,
        "body": draft.body,
        "format": draft.format,
        "state": "pending",
        "attempts": 0,
        "error": None,
        "created_at": instant_text(now),
        "changed_at": instant_text(now),
    }


def _from(row: Any) -> Message:
    values = {name: row[name] for name in Message.__slots__}
    values |= {name: instant(row[name]) for name in ("created_at", "changed_at")}
    return Message(**values)

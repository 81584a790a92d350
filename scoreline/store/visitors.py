"""Users with passwords, and the record of looks at rows.

What belongs here: the store's methods on them. What does not: hashing a password, roles'
meaning (core.access), logging in (web).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from scoreline.core.access import Look, Role, User
from scoreline.core.errors import UsageError
from scoreline.store import guarded
from scoreline.store.base import StoreBase
from scoreline.store.codec import instant, instant_text
from scoreline.store.schema import looks, users


class VisitorBook(StoreBase):
    """The store's methods on users and looks."""

    def users(self) -> list[User]:
        """Every user, by name."""
        with self._read() as connection:
            rows = connection.execute(select(users).order_by(users.c.name))
            return [_user(row) for row in rows]

    def user(self, name: str) -> User | None:
        """The user of that name, or None."""
        with self._read() as connection:
            row = connection.execute(select(users).where(users.c.name == name)).first()
        return None if row is None else _user(row)

    def put_user(
        self, name: str, roles: Iterable[Role], password: str | None, now: datetime
    ) -> None:
        """Add a user, or change one.

        Args:
            name: how they log in.
            roles: their roles from now on.
            password: the password's salted hash; None keeps the one there is.
            now: the time.

        Raises:
            UsageError: a new user without a password.
        """
        words = " ".join(sorted(set(roles)))
        new = {"roles": words, "changed_at": instant_text(now)}
        if password is not None:
            new["password"] = password
        with self._write() as connection:
            query = select(users).where(users.c.name == name)
            row = connection.execute(query).mappings().first()
            if row is not None:
                guarded.change_rows(connection, users, [(row, new)])
            elif password is None:
                raise UsageError(f"there is no user {name!r}: a new one needs a password")
            else:
                whole = {"name": name, "created_at": instant_text(now), **new}
                guarded.insert_rows(connection, users, [whole])

    def drop_user(self, name: str) -> bool:
        """Remove a user; False where there is none."""
        with self._write() as connection:
            query = select(users).where(users.c.name == name)
            rows = connection.execute(query).mappings().all()
            guarded.delete_rows(connection, users, rows)
        return bool(rows)

    def note_look(self, look: Look) -> None:
        """Record a look; it is on the disk before this returns."""
        with self._write() as connection:
            last = connection.execute(select(func.max(looks.c.seq))).scalar() or 0
            row = {
                "seq": last + 1,
                "at": instant_text(look.at),
                "who": look.who,
                "what": look.what,
                "subject": look.subject,
                "detail": look.detail,
            }
            guarded.insert_rows(connection, looks, [row])

    def looks(self, subject: str | None = None, limit: int = 200) -> list[Look]:
        """The newest looks, newest first; only those at one subject where it is given."""
        query = select(looks).order_by(looks.c.seq.desc()).limit(limit)
        if subject is not None:
            query = query.where(looks.c.subject == subject)
        with self._read() as connection:
            return [
                Look(instant(r.at), r.who, r.what, r.subject, r.detail)
                for r in connection.execute(query)
            ]


def _user(row: Any) -> User:
    roles = tuple(row.roles.split())
    return User(row.name, roles, row.password, instant(row.created_at), instant(row.changed_at))

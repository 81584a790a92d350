"""Where rows are that nobody declared yet: a file, a URL, or a table of a database.

What belongs here: from what a person typed to a connector and its options. What does not:
reading (connectors), and what is proposed for the columns (workbench).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from scoreline.core.errors import UsageError
from scoreline.workbench.drafting import Place
from scoreline.workbench.naming import pattern_of, plain_name, stem_of

_DATABASE = re.compile(r"(sqlite|postgresql|postgres|mysql|mariadb|mssql|oracle)(\+\w+)?://")
_CREDENTIALS = re.compile(r"(://[^:/@]*):([^@/]*)@")


def locate(
    where: str, table: str | None, root: Path, *, source: str = "", stream: str = ""
) -> Place:
    """The place of the rows.

    Args:
        where: a file, the URL of a file, or a SQLAlchemy URL.
        table: the table or view, where it is a database.
        root: the project's folder; a file below it is named relative to it.
        source: the source's name; made from the place if empty.
        stream: the stream's name, likewise.

    Raises:
        UsageError: there is no such file, or a database is named without a table.
    """
    if _DATABASE.match(where):
        return _table(where, table, source, stream)
    if table is not None:
        raise UsageError("--table goes with the URL of a database, such as sqlite:///data/shop.db")
    return _file(where, root, source, stream)


def _table(url: str, table: str | None, source: str, stream: str) -> Place:
    if not table:
        raise UsageError("a database needs --table NAME: the table or view to read")
    notes = []
    secret = _CREDENTIALS.search(url)
    options: dict[str, Any] = {"url": url}
    if secret and not secret[2].startswith("${"):
        raise UsageError(
            "a password may not stand in the URL: leave it out and name the variable that holds "
            "it, as in --password-from SHOP_PASSWORD"
        )
    name = source or plain_name(re.split(r"[/?]", url.rstrip("/"))[-1].partition(".")[0], "db")
    notes.append("each run reads the whole table; with a column that moves on every change, set")
    notes.append("cursor: COLUMN at the stream and only what is new is read")
    return Place(
        name, stream or plain_name(table.rpartition(".")[2], "rows"), "sql", options,
        {"table": table}, tuple(notes),
    )  # fmt: skip


def _file(where: str, root: Path, source: str, stream: str) -> Place:
    from connectors.errors import ConnectorError
    from connectors.files import FilesConnector
    from connectors.files.options import is_url

    if is_url(where):
        folder, _, name = where.rpartition("/")
    else:
        path = Path(where).expanduser().resolve()
        if not path.is_file():
            raise UsageError(f"there is no file {where}")
        home, name = root.resolve(), path.name
        inside = path.parent.is_relative_to(home)
        folder = path.parent.relative_to(home).as_posix() if inside else path.parent.as_posix()
    try:
        guess = FilesConnector({"root": folder}, base=root).guess(name)
    except ConnectorError as error:
        raise UsageError(str(error)) from error
    stem = stem_of(name)
    options = {"glob": pattern_of(name), **guess.options}
    return Place(source or stem, stream or "rows", "files", {"root": folder}, options, guess.notes)

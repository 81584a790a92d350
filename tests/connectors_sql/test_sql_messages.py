"""Messages: they name what is wrong and what is there, and never a secret."""

from __future__ import annotations

import json
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from sql_servers import READER
from sql_world import World, stream

from connectors.base import State
from connectors.errors import ConnectorError, OptionError, PermanentError
from connectors.sql import SqlConnector
from connectors.sql.__main__ import main

CANARY = "canary-4711-secret"


def made(world: World) -> World:
    world.run("CREATE TABLE orders (id integer, at date)", "CREATE TABLE people (id integer)")
    return world


def refused(world: World, **more: object) -> str:
    """The text of the refusal, with everything that a log would show of it."""
    with pytest.raises(ConnectorError) as caught:
        world.connector.check(stream(**more))  # type: ignore[arg-type]
    shown = "".join(traceback.format_exception(caught.value))
    assert READER not in shown
    assert CANARY not in shown
    return str(caught.value)


def test_an_unknown_table_names_those_that_are_there(world: World) -> None:
    """A typing error is answered with the nearest table."""
    text = refused(made(world), table="ordres")
    assert "there is no table 'ordres': orders? (there are: orders, people)" in text


def test_an_unknown_schema_says_what_it_holds(postgresql_world: World) -> None:
    """A table that is asked for in another schema is not found there, and that is said."""
    text = refused(made(postgresql_world), table="sales.orders")
    assert "there is no table 'orders' in schema sales: there are: nothing" in text


def test_a_table_without_the_right_to_read_it(postgresql_world: World) -> None:
    """A table that is there and may not be read is not called missing."""
    made(postgresql_world).run(
        "CREATE ROLE nobody_much LOGIN PASSWORD 'x'", "REVOKE ALL ON orders FROM PUBLIC"
    )
    postgresql_world.url = postgresql_world.url.replace("reader@", "nobody_much@")
    postgresql_world.password = "x"
    assert "permission denied for table orders" in refused(postgresql_world, table="orders")


@pytest.mark.parametrize("use", [{"cursor": "att", "key": ("id",)}, {"key": ("idd",)}])
def test_an_unknown_cursor_or_key_names_the_columns(world: World, use: dict[str, object]) -> None:
    """A cursor or key that the table lacks is answered with the nearest column."""
    text = refused(made(world), table="orders", **use)
    assert "orders: has no column" in text
    assert "(there are: " in text


def test_an_unknown_column_in_a_query(world: World) -> None:
    """The database's own words about a query come through."""
    text = refused(made(world), table="q", options={"query": "SELECT nothing FROM orders"})
    assert "nothing" in text


def test_a_wrong_password(served: World) -> None:
    """A refused password is permanent, says so, and is not repeated."""
    served.password = CANARY
    text = refused(served)
    assert "authentication failed" in text or "Access denied" in text
    assert "Correct the option url or password" in text


def test_a_wrong_password_in_the_url(served: World) -> None:
    """So it is where the password stands in the URL, percent-encoded."""
    served.password = None
    served.url = served.url.replace("reader@", f"reader:{CANARY}%3A%40@")
    assert "password" in refused(served)


def test_the_password_may_stand_in_the_url(served: World) -> None:
    """A percent-encoded password in the URL opens the database as the option does."""
    from urllib.parse import quote

    served.password = None
    served.url = served.url.replace("reader@", f"reader:{quote(READER, safe='')}@")
    made(served).connector.check(stream("orders"))


def test_an_unknown_database(served: World) -> None:
    """A database that is not there, or not for this account, is permanent."""
    served.url = served.url.rpartition("/")[0] + "/nowhere"
    text = refused(served)
    assert "nowhere" in text
    assert "Correct the option url" in text


def test_no_receipt_position_or_file_holds_the_password(served: World) -> None:
    """What is written down of an extraction names host and database, and no account."""
    made(served).insert("orders", "id, at", [(1, "2026-01-01")])
    spec = stream("orders", cursor="at", key=("id",))
    batch, _ = served.read(spec)
    kept = json.dumps(batch.receipt().as_dict()) + repr(served.connector.options)
    kept += repr(served.connector.database.__dict__) + json.dumps(dict(batch.cursor or {}))
    assert READER not in kept
    assert "reader" not in json.dumps(batch.receipt().as_dict())
    assert READER.encode() not in batch.raw_path.read_bytes()
    assert batch.origin.source_identity.startswith(f"{served.backend}://127.0.0.1:")
    assert served.connector.discover(spec, State(batch.cursor)).new == ()


def test_a_missing_file_is_not_made(sqlite_world: World) -> None:
    """A SQLite file that is not there is an error, not a new empty database."""
    sqlite_world.url = "sqlite:///gone/other.db"
    text = refused(sqlite_world)
    assert text.startswith("sqlite:gone/other.db: there is no such file")
    assert not (sqlite_world.work.parent / "gone").exists()


def test_a_path_of_the_machine_is_not_told(sqlite_world: World) -> None:
    """Of an absolute path only the file's name is written down."""
    made(sqlite_world).url = f"sqlite:///{sqlite_world.work.parent}/shop.db"
    batch, _ = sqlite_world.read(stream("orders"))
    assert batch.origin.source_identity == "sqlite:shop.db, orders"


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("SELECT 1; DROP TABLE orders", "holds 2 statements"),
        ("DELETE FROM orders", "begins with DELETE"),
        ("WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", "holds a statement"),
        ("SELECT * INTO copy FROM orders", "holds a statement"),
        ("SELEC id FROM orders", "cannot be read as SQL"),
        ("SELECT (1 FROM orders", "cannot be read as SQL"),
        ("-- nothing", "holds 0 statements"),
        ("ATTACH 'x' AS y", "begins with ATTACH"),
    ],
)
def test_only_one_select_is_a_query(sqlite_world: World, query: str, what: str) -> None:
    """Anything but a single SELECT is refused before it is sent."""
    made(sqlite_world)
    assert f"option query: {what}" in refused(sqlite_world, table="q", options={"query": query})


def test_a_column_that_is_there_twice(served: World) -> None:
    """Two columns of one name are not guessed apart."""
    made(served)
    query = "SELECT a.id, b.id FROM orders a, people b"
    text = refused(served, table="q", options={"query": query})
    assert "'id' is there twice" in text or "Duplicate column name 'id'" in text


@pytest.mark.parametrize(
    ("source", "streamed", "option", "what"),
    [
        ({}, {"table": "t"}, "url", "is missing"),
        ({"url": "shop.db"}, {"table": "t"}, "url", "is not a URL of a database"),
        ({"url": "sqlite:///x", "pasword": CANARY}, {"table": "t"}, "pasword", "password?"),
        ({"url": "sqlite:///x", "connect_args": {"host": CANARY}}, {}, "connect_args", "host is"),
        ({"url": "sqlite:///x"}, {}, "(all)", "set table or query, one of both"),
        ({"url": "sqlite:///x"}, {"table": "t", "query": "q"}, "(all)", "set table or query"),
        ({"url": "sqlite:///x"}, {"table": "t", "overlap": "1 month"}, "overlap", "neither"),
        ({"url": "sqlite:///x"}, {"table": "t", "overlap": True}, "overlap", "neither"),
        ({"url": "sqlite:///x"}, {"table": "t", "batch_rows": 0}, "batch_rows", "greater"),
    ],
)
def test_options_are_checked_without_a_database(
    source: dict[str, object], streamed: dict[str, object], option: str, what: str
) -> None:
    """Every mistake in the options is found by `check`, and no value is repeated."""
    errors = SqlConnector.option_errors(source, streamed)
    assert [e.option for e in errors if what in str(e)] == [option]
    assert not any(CANARY in str(e) for e in errors)


def test_options_may_hold_references() -> None:
    """A URL that is, or holds, a secret reference is legal before it is filled in."""
    for url in ("${env:SHOP}", "postgresql://u:${env:PW}@h/d"):
        assert SqlConnector.option_errors({"url": url}, {"table": "t", "overlap": 5}) == []


def test_a_url_that_cannot_be_read_is_not_repeated(tmp_path: Path) -> None:
    """A malformed URL may hold a password: the error shows the form, not the text."""
    connector = SqlConnector({"url": f"postgresql://u:{CANARY}@h:port/d"}, base=tmp_path)
    with pytest.raises(OptionError, match="cannot be read as a URL") as caught:
        connector.check(stream())
    assert CANARY not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("nosuch://u@h/d", "no dialect 'nosuch' is installed"),
        ("postgresql+nosuch://u@h/d", "no dialect 'postgresql.nosuch' is installed"),
    ],
)
def test_an_unknown_dialect(tmp_path: Path, url: str, what: str) -> None:
    """A dialect or driver that SQLAlchemy does not know is named."""
    with pytest.raises(PermanentError, match=what):
        SqlConnector({"url": url}, base=tmp_path).check(stream())


def test_a_missing_driver_says_what_to_install(tmp_path: Path) -> None:
    """Where a driver's package is missing, the error names the extra that brings it."""
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from pathlib import Path\n"
        "from connectors.base import StreamSpec\n"
        "from connectors.sql import SqlConnector\n"
        "try: SqlConnector({'url': 'postgresql://u@h/d'}, base=Path()).check("
        "StreamSpec('s', {'table': 't'}))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("PermanentError postgresql://h/d: the driver psycopg is not")
    assert "pip install 'scoreline[postgres]'" in done.stdout


def test_listing_kinds_imports_no_database_library() -> None:
    """Loading the kind and checking options leaves SQLAlchemy, sqlglot and Arrow alone."""
    code = (
        "import sys; from connectors import registry; registry.listing();"
        "registry.load('sql').option_errors({'url': 'sqlite:///x'}, {'table': 't'});"
        "sys.exit(any(m in sys.modules for m in ('sqlalchemy', 'sqlglot', 'pyarrow', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_kind_runs_alone(
    sqlite_world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`python -m connectors.sql` prints columns, rows and the receipt, or the error."""
    made(sqlite_world).insert("orders", "id, at", [(1, "2026-01-01"), (2, None)])
    monkeypatch.setenv("SHOP", f"sqlite:///{sqlite_world.work.parent}/shop.db")
    given = ["--url-env", "SHOP", "--cursor", "at", "--key", "id", "--columns", "id,seen=at"]
    assert main([*given, "--table", "orders"]) == 0
    out = capsys.readouterr().out
    assert "id (string), seen (string), _row (int64)" in out
    assert '"declared_total": 2' in out
    assert main([*given, "--table", "order"]) == 1
    assert "there is no table 'order': orders?" in capsys.readouterr().err

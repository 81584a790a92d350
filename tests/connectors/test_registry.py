"""Kinds, plug-ins, and running a kind alone."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import workbooks as xl
from folders import Folder

from connectors import registry
from connectors.base import ObjectRef, State, StreamSpec
from connectors.errors import ConnectorError, OptionError, PermanentError, TransientError
from connectors.files import FilesConnector
from connectors.files.__main__ import main
from connectors.manual import ManualConnector


def plug(monkeypatch: pytest.MonkeyPatch, **targets: str) -> None:
    points = [EntryPoint(name, target, registry.GROUP) for name, target in targets.items()]
    ours = [EntryPoint("files", "connectors.files:FilesConnector", registry.GROUP)]
    monkeypatch.setattr(registry, "_points", lambda path: [*ours, *points])


def test_our_kinds_are_registered() -> None:
    """The installed package offers its own kinds by entry point."""
    assert registry.kinds()["files"] == "connectors.files:FilesConnector"
    assert registry.load("files") is FilesConnector
    assert registry.load("manual") is ManualConnector


def test_a_dotted_path_names_a_class() -> None:
    """A connector without an entry point is named as module:Class."""
    assert registry.load("connectors.files.connector:FilesConnector") is FilesConnector


def test_an_unknown_kind_names_the_nearest() -> None:
    """A typing error is answered with what was probably meant."""
    with pytest.raises(PermanentError, match=r"connector file: no such kind. Legal: files\?"):
        registry.load("file")


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("no_such_package:X", "ModuleNotFoundError"),
        ("connectors.files:Nothing", "AttributeError"),
        ("os:getcwd", "not a subclass"),
        ("connectors.errors:PermanentError", "not a subclass"),
    ],
)
def test_a_broken_plug_in_harms_no_other(
    monkeypatch: pytest.MonkeyPatch, target: str, what: str
) -> None:
    """It is listed with its problem, refused when loaded, and the others work."""
    plug(monkeypatch, broken=target)
    listed = {kind.name: kind for kind in registry.listing()}
    assert what in listed["broken"].problem
    assert listed["files"].problem == ""
    with pytest.raises(PermanentError, match=what):
        registry.load("broken")
    assert registry.load("files") is FilesConnector


def test_two_claims_to_a_name_are_not_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two packages offer one name, neither silently wins."""
    plug(monkeypatch, files="elsewhere:Files")
    with pytest.raises(PermanentError, match="two packages offer"):
        registry.load("files")


def test_listing_names_imports_nothing_heavy() -> None:
    """The registry's import, the kinds and their options leave Arrow and NumPy alone."""
    code = (
        "import sys; from connectors import registry; registry.listing();"
        "registry.load('files').option_errors({}, {'glob': 'x'});"
        "sys.exit(any(m in sys.modules for m in ('pyarrow', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_option_errors_gives_all_of_them() -> None:
    """A definition's options can be checked without a source, all at once."""
    errors = FilesConnector.option_errors({"rot": "x"}, {"delimiter": ";;", "golb": "*"})
    assert [e.option for e in errors] == ["rot", "glob", "delimiter", "golb"]
    assert "root?" in str(errors[0])


def test_an_option_error_does_not_repeat_values() -> None:
    """A value may be a secret: no error text holds it."""
    (error,) = FilesConnector.option_errors({"root": "sftp://me:canary-secret@host/x"})
    assert "canary" not in str(error)
    assert isinstance(error, OptionError)


def test_errors_say_where_what_and_what_to_do() -> None:
    """The tree's text reads place, fact, remedy; a transient one keeps the source's wish."""
    error = TransientError("busy", where="api", do="Wait", retry_after=3.5)
    assert str(error) == "api: busy. Wait"
    assert error.retry_after == 3.5
    assert str(ConnectorError("odd")) == "odd"


def test_manual_finds_nothing_and_says_how(tmp_path: Path) -> None:
    """A manual source has no objects; extracting points to check-ins."""
    connector = ManualConnector({}, base=tmp_path)
    connector.check(StreamSpec("s"))
    assert connector.discover(StreamSpec("s"), State()).new == ()
    with pytest.raises(PermanentError, match="scoreline checkin"):
        connector.extract(StreamSpec("s"), ObjectRef("x", "", 0), tmp_path)
    with pytest.raises(OptionError, match="is not known here"):
        ManualConnector({"x": 1}, base=tmp_path)


def test_files_alone_takes_the_options_of_every_format(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A sheet by its number and the rows around the data can be tried from the command line."""
    xml = xl.table(["Q1", ""], ["id", "n"], ["a", 1], ["Total", 1])
    xl.book(folder.root / "x.xlsx", {"Cover": xl.table(["x"]), "Data": xml})
    given = ["--root", str(folder.root), "--glob", "*.xlsx", "--sheet", "2"]
    assert main([*given, "--header-rows", "2", "--footer-rows", "1"]) == 0
    out = capsys.readouterr().out
    assert "columns: Q1 id, Q1 n, _row" in out
    assert '"footer_rows": 1' in out


def test_files_runs_alone(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m connectors.files` prints columns, rows, refused rows and the receipt."""
    folder.put("x.csv", "id,Team name\n1,Ops\x1b[31m\n2\n")
    given = ["--root", str(folder.root), "--glob", "*.csv", "--columns", "id,team=Team name"]
    assert main(given) == 0
    out = capsys.readouterr().out
    assert "columns: id, team, _row" in out
    assert '"rows_received": 1' in out
    assert "refused: row 2: the row has 1 cells where 2 are expected: '2'" in out
    assert "\x1b" not in out
    assert main(["--root", str(folder.root), "--glob", "*.tsv"]) == 1
    assert "no file matches" in capsys.readouterr().err

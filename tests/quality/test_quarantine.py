"""Rows set aside: which, with what reason, and that none is lost or doubled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import check_batches
from check_specs import at_most, check, not_null

from scoreline.quality.gx import GxValidator


def test_rows_in_are_kept_plus_quarantined(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """Every row is in exactly one of the two files, in full and in its order."""
    verdict = gx.validate(batch, [not_null("m")], [at_most("d", 50)], tmp_path)
    assert verdict.quarantined_rows == 3
    assert check_batches.rows(verdict.kept_file) == [(1,), (4,)]
    assert check_batches.rows(verdict.quarantine_file) == [(2,), (3,), (5,)]
    everything = check_batches.rows(batch, "*")
    kept = check_batches.rows(verdict.kept_file, "*")
    aside = check_batches.rows(verdict.quarantine_file, "* EXCLUDE (_check)")
    assert sorted(kept + aside, key=str) == sorted(everything, key=str)


def test_types_survive(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """The kept file has the typed file's columns and types, to the letter."""
    verdict = gx.validate(batch, [not_null("m")], [], tmp_path)
    described = [check_batches.query(f"DESCRIBE FROM '{p}'") for p in (batch, verdict.kept_file)]
    assert described[0] == described[1]


def test_expectations_see_only_kept_rows(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A row that the contract took is not judged again by the declared expectations."""
    unique = check("expect_column_values_to_be_unique", column="name")
    in_set = check(
        "expect_column_pair_values_to_be_in_set",
        "quarantine",
        column_A="name",
        column_B="n",
        value_pairs_set=[["ann", 10], ["bob", 20], ["dorothea", 40], [None, None]],
    )
    verdict = gx.validate(batch, [in_set], [unique], tmp_path)
    assert [o.outcome for o in verdict.outcomes] == ["fail", "pass"]
    assert verdict.outcomes[1].evaluated == 4
    assert not verdict.blocked


def test_checks_of_one_round_see_the_same_rows(
    gx: GxValidator, batch: Path, tmp_path: Path
) -> None:
    """A row that breaks two checks counts for both, is taken once, and names both in order."""
    checks = [at_most("n", 25), at_most("d", 5)]
    verdict = gx.validate(batch, [], checks, tmp_path)
    assert [o.unexpected for o in verdict.outcomes] == [2, 2]
    assert verdict.quarantined_rows == 3
    assert check_batches.rows(verdict.quarantine_file, "_row, _check") == [
        (2, "d at most 5"),
        (4, "n at most 25"),
        (5, "n at most 25; d at most 5"),
    ]


def test_mostly(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """Within `mostly` nothing is taken; beyond it every row that breaks the check is."""
    within = gx.validate(batch, [], [at_most("n", 10, mostly=Decimal("0.25"))], tmp_path)
    assert within.outcomes[0].outcome == "pass"
    assert within.outcomes[0].unexpected == 3
    assert within.kept_file is within.quarantine_file is None
    beyond = gx.validate(batch, [], [at_most("n", 10, mostly=Decimal("0.26"))], tmp_path)
    assert beyond.quarantined_rows == 3


def test_nothing_taken_writes_nothing(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """Where no row is taken the typed file stands for the kept rows and none is written."""
    verdict = gx.validate(batch, [at_most("n", 100)], [], tmp_path)
    assert verdict.kept_file is None
    assert list(tmp_path.iterdir()) == []


def test_rows_with_one_number(gx: GxValidator, tmp_path: Path) -> None:
    """Rows are told apart even where `_row` repeats, as over several files."""
    typed = check_batches.write(
        tmp_path / "typed.parquet", "SELECT 1::BIGINT AS _row, i AS n FROM range(4) AS r(i)"
    )
    verdict = gx.validate(typed, [], [at_most("n", 2)], tmp_path / "out")
    assert verdict.quarantined_rows == 1
    assert check_batches.rows(verdict.kept_file, "n") == [(0,), (1,), (2,)]


def test_more_rows_than_any_list(gx: GxValidator, tmp_path: Path) -> None:
    """Thousands of rows are taken by the check's condition, not by a list that is cut."""
    typed = check_batches.write(
        tmp_path / "typed.parquet", "SELECT i AS _row, i % 10 AS n FROM range(1, 30001) AS r(i)"
    )
    verdict = gx.validate(typed, [], [at_most("n", 0)], tmp_path / "out")
    assert verdict.quarantined_rows == 27000
    assert len(check_batches.rows(verdict.kept_file)) == 3000
    assert verdict.outcomes[0].failing_rows == (*range(1, 10), *range(11, 20), 21, 22)


def test_hostile_values(gx: GxValidator, tmp_path: Path) -> None:
    """Quotes, SQL, braces, line ends and controls in data, names and limits are only text."""
    typed = check_batches.write(
        tmp_path / "it's; typed.parquet",
        """SELECT i AS _row, v AS "a ""b"" c" FROM (VALUES (1, '''; DROP TABLE taken; --'),
        (2, '{batch}'), (3, 'x' || chr(10) || chr(27) || '[31m'), (4, '$1'), (5, '%s :p'))
        AS t(i, v)""",
    )
    column = 'a "b" c'
    texts = ["'; DROP TABLE taken; --", "{batch}", "$1", "%s :p"]
    checks = [
        check("expect_column_values_to_be_in_set", "quarantine", column=column, value_set=texts),
        check(
            "expect_column_values_to_match_like_pattern", "warn", column=column, like_pattern="%'%"
        ),
        check("expect_column_values_to_match_regex", "warn", column=column, regex=r"^[{$%]"),
    ]
    verdict = gx.validate(typed, [], checks, tmp_path / "out'; --")
    assert [o.failing_rows for o in verdict.outcomes] == [(3,), (2, 3, 4, 5), (1, 3)]
    assert check_batches.rows(verdict.kept_file) == [(1,), (2,), (4,), (5,)]


def test_query_reaches_nothing_else(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A query in a definition can read neither another file nor change a setting."""
    secret = tmp_path / "secret.csv"
    secret.write_text("token\nhunter2\n", encoding="utf-8")
    queries = [
        f"SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM {batch}; SET enable_external_access = true",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT getenv('PATH')",
    ]
    checks = [
        check("unexpected_rows_expectation", "warn", unexpected_rows_query=q) for q in queries
    ]
    verdict = gx.validate(batch, [], checks, tmp_path / "out")
    assert [o.outcome for o in verdict.outcomes] == ["error"] * len(queries)
    assert "hunter2" not in str(verdict)

"""The three outcomes, what each policy does, and what people read."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import check_batches
import pytest
from check_specs import at_most, check, not_null

from scoreline.quality.gx import GxValidator
from scoreline.quality.model import CheckOutcome, CheckSpec

BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"


def one(gx: GxValidator, batch: Path, spec: CheckSpec, out: Path) -> CheckOutcome:
    return gx.validate(batch, [], [spec], out).outcomes[0]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (check("expect_colum_values_to_be_unique", column="n"), "did you mean expect_column_va"),
        (check("expect_column_values_to_be_of_type", column="n", type_="X"), "declare the column"),
        (not_null("nmae"), "no column nmae; did you mean name?"),
        (check(BETWEEN, column="n"), "needs min_value, max_value or both"),
        (check(BETWEEN, column="n", min_valu=1), "takes no argument min_valu; did you mean min_v"),
        (check(BETWEEN, column="n", min_value="ten"), "min_value holds 'ten', and column n is int"),
        (check(BETWEEN, column="name", min_value=1), "compares numbers, days or instants, and"),
        (check(BETWEEN, column="day", min_value="2026-02-30"), "column day is date"),
        (check(BETWEEN, column="n", min_value=5, max_value=1), "cannot be greater"),
        (check(IN_SET, column="name", value_set=[1]), "value_set holds 1, and column name is text"),
        (check(IN_SET, column="name"), "needs the argument value_set"),
        (check(BETWEEN, column="n", max_value=9, mostly=Decimal(2)), "mostly"),
        (check("expect_column_values_to_match_regex", column="name", regex="(a"), "missing )"),
        (check("expect_column_values_to_match_regex", column="n", regex="a"), "regexp_matches"),
        (check(BETWEEN, column="n", max_value=9, row_condition="1 = 1"), "unable to parse"),
        (check("unexpected_rows_expectation", unexpected_rows_query="SELECT 1 FROM"), "Error"),
    ],
)
def test_error(gx: GxValidator, batch: Path, spec: CheckSpec, said: str, tmp_path: Path) -> None:
    """What cannot be evaluated is an error that says why, blocks, and is no pass and no fail."""
    outcome = one(gx, batch, spec, tmp_path)
    assert outcome.outcome == "error"
    assert outcome.took == "blocked"
    assert said in outcome.message
    assert "Traceback" not in outcome.message


def test_quarantine_of_a_whole_batch_check(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """Quarantine is refused for a check that judges no single rows, even where it would pass."""
    spec = check("expect_table_row_count_to_equal", "quarantine", value=5)
    outcome = one(gx, batch, spec, tmp_path)
    assert outcome.outcome == "error"
    assert "quarantine needs a check that judges single rows" in outcome.message


def test_one_bad_check_spoils_no_other(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A check whose query fails leaves the checks that share its scan their own outcomes."""
    bad = check("expect_column_values_to_match_regex", "warn", column="name", regex="(a")
    checks = [not_null("n", "warn"), bad, at_most("d", 100, "warn")]
    verdict = gx.validate(batch, [], checks, tmp_path)
    assert [o.outcome for o in verdict.outcomes] == ["fail", "error", "pass"]
    assert not verdict.blocked


def test_policies(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A failure blocks, takes rows or warns, as the check says; only block blocks."""
    checks = [not_null("n", "warn"), not_null("m", "quarantine")]
    mild = gx.validate(batch, [], checks, tmp_path)
    assert [o.took for o in mild.outcomes] == ["warned", "quarantined"]
    assert not mild.blocked
    hard = gx.validate(batch, [], [not_null("n", "block")], tmp_path)
    assert [o.took for o in hard.outcomes] == ["blocked"]
    assert hard.blocked


def test_message(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A failure says what was expected, how many rows break it, and which come first."""
    spec = check(BETWEEN, column="d", min_value=0, max_value=Decimal("99.5"))
    assert one(gx, batch, spec, tmp_path).message == (
        "d between 0 and 99.5: 2 of 5 rows outside (rows 2, 4)"
    )
    assert one(gx, batch, not_null("n"), tmp_path).message == (
        "n is not empty: 1 of 5 rows empty (row 3)"
    )
    figure = check("expect_column_max_to_be_between", column="d", max_value=50)
    assert one(gx, batch, figure, tmp_path).message == "highest d at most 50: found 99.99"


def test_row_numbers_sql_finds_the_rows(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """The query kept with an outcome yields exactly the failing rows of the typed file."""
    outcome = one(gx, batch, at_most("d", 5, "warn"), tmp_path)
    query = f"WITH batch AS (FROM read_parquet('{batch}')) {outcome.row_numbers_sql}"
    found = check_batches.query(query)
    assert sorted(row for (row,) in found) == [2, 5] == list(outcome.failing_rows)


def test_row_condition(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """With a row_condition only the rows it selects are counted and taken."""
    spec = at_most("n", 10, "quarantine", row_condition='col("name") == "bob"')
    verdict = gx.validate(batch, [], [spec], tmp_path)
    assert verdict.outcomes[0].evaluated == 2, verdict.outcomes[0].message
    assert verdict.outcomes[0].failing_rows == (2, 4)
    assert verdict.quarantined_rows == 2


def test_exact_numbers(gx: GxValidator, tmp_path: Path) -> None:
    """Limits that no double can hold decide to the last digit."""
    typed = check_batches.write(
        tmp_path / "typed.parquet",
        "SELECT i AS _row, (9007199254740992 + i)::BIGINT AS n, "
        "(0.12345678901234567890 + i * 0.00000000000000000001)::DECIMAL(38,20) AS d "
        "FROM range(1, 4) AS r(i)",
    )
    checks = [
        at_most("n", 9007199254740993, "warn"),
        at_most("n", 9007199254740994, "warn"),
        at_most("d", Decimal("0.12345678901234567891"), "warn"),
        at_most("d", Decimal("0.12345678901234567892"), "warn"),
    ]
    verdict = gx.validate(typed, [], checks, tmp_path / "out")
    assert [o.failing_rows for o in verdict.outcomes] == [(2, 3), (3,), (2, 3), (3,)]


def test_limits_too_close_for_a_double(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """Two limits of one check that become one double are refused, not confused."""
    low = 9007199254740992
    spec = check(BETWEEN, column="n", min_value=low, max_value=low + 1)
    outcome = one(gx, batch, spec, tmp_path)
    assert outcome.outcome == "error"
    assert "too close together" in outcome.message


def test_refused_beforehand(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A check that was refused when it was made ends in error with that reason."""
    spec = CheckSpec("x", {}, "warn", "expect", "label", refused="column pay is dropped")
    outcome = one(gx, batch, spec, tmp_path)
    assert outcome.message == "label: could not be evaluated: column pay is dropped"
    assert outcome.took == "warned"


def test_no_rows(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """A batch without rows passes row-level checks and gives every check an outcome."""
    empty = check_batches.write(tmp_path / "e.parquet", f"FROM read_parquet('{batch}') WHERE false")
    checks = [not_null("n"), check("expect_table_row_count_to_be_between", min_value=1)]
    verdict = gx.validate(empty, checks, [], tmp_path / "out")
    assert [o.outcome for o in verdict.outcomes] == ["pass", "fail"]
    assert verdict.blocked


def test_no_checks(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """Without checks a batch passes and nothing is written."""
    verdict = gx.validate(batch, [], [], tmp_path / "out")
    assert verdict.outcomes == ()
    assert not (tmp_path / "out").exists()


def test_unreadable_file(gx: GxValidator, tmp_path: Path) -> None:
    """A typed file that is no Parquet file makes every check an error that names it."""
    broken = tmp_path / "typed.parquet"
    broken.write_bytes(b"PAR1 but not for long")
    verdict = gx.validate(broken, [not_null("n")], [at_most("n", 1, "warn")], tmp_path / "out")
    assert [o.outcome for o in verdict.outcomes] == ["error", "error"]
    assert verdict.blocked
    assert str(broken) in verdict.outcomes[0].message

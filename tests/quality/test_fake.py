"""The stand-in for the validator agrees with the validator on the types that it evaluates."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import check_batches
from check_specs import at_most, check, not_null
from fakes import PassingValidator

from scoreline.quality.gx import GxValidator


def test_fake_agrees(gx: GxValidator, batch: Path, tmp_path: Path) -> None:
    """Outcomes, counts, policies and both files are the same."""
    contract = [
        not_null("m"),
        check("expect_column_values_to_be_in_set", "warn", column="name", value_set=["ann", "bob"]),
        check("expect_column_values_to_be_unique", "block", column="name"),
    ]
    declared = [at_most("d", Decimal("4.5")), at_most("n", 100)]
    real = gx.validate(batch, contract, declared, tmp_path / "real")
    fake = PassingValidator().validate(batch, contract, declared, tmp_path / "fake")
    assert [(o.outcome, o.unexpected, o.failing_rows, o.took) for o in fake.outcomes] == [
        (o.outcome, o.unexpected, o.failing_rows, o.took) for o in real.outcomes
    ]
    assert (fake.blocked, fake.quarantined_rows) == (real.blocked, real.quarantined_rows)
    for mine, theirs in (
        (fake.kept_file, real.kept_file),
        (fake.quarantine_file, real.quarantine_file),
    ):
        assert check_batches.rows(mine, "*") == check_batches.rows(theirs, "*")

"""Every score computed again: nothing differs in an honest record, and no forged field passes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import score_world

from scoreline.audit.rescoring import rescore
from scoreline.audit.rescoring_parts import examined
from scoreline.core.digests import digest_of
from scoreline.core.series import Series
from scoreline.core.series_text import SeriesText
from scoreline.store.walking import Walked

NEVER_COMPUTED = {"record", "replaces", "inputs"}
"""Fields that are checked elsewhere: by the ledger's rules, by computing from raw files."""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> list[Walked]:
    """The record of a project with a key result of every kind."""
    small = score_world.build(tmp_path_factory.mktemp("scores"))
    with small.open() as project:
        return list(project.store.walk())


def bodies(walk: list[Walked]) -> dict[int, dict[str, Any]]:
    return {w.seq: json.loads(w.body or b"") for w in walk if w.kind == "score"}


def test_an_honest_record_comes_out_again(walk: list[Walked]) -> None:
    """Every score of every kind and status is computed again to the last digit."""
    done = rescore(walk)
    assert done.differences == []
    assert done.expired == 0
    statuses = {b["status"] for b in bodies(walk).values()}
    assert statuses >= {"held", "stale", "no_data", "withdrawn", "not_started", "achieved"}
    assert any(b["override"] for b in bodies(walk).values())
    assert done.scores == len(bodies(walk)) > 50


def test_no_forged_field_of_a_score_passes(walk: list[Walked]) -> None:
    """Each field of each score, changed with all hashes made to fit, is named as different."""
    missed = []
    for seq, body in bodies(walk).items():
        for field in body.keys() - NEVER_COMPUTED:
            forged = {**body, field: _other(field, body[field])}
            if field == "definitions":
                forged["definition"] = digest_of(forged["definitions"])
            content = json.dumps(forged).encode()
            upto = [replace(w, body=content) if w.seq == seq else w for w in walk if w.seq <= seq]
            last = [w for w in upto if w.kind != "score" or w.seq == seq]
            if not rescore(last).differences:
                missed.append((body["key_result"], body["status"], field))
    assert missed == []


def _other(field: str, value: Any) -> Any:
    """Another legal value of a field."""
    if field == "key_result":
        return value.replace("/up", "/down") if value.endswith("/up") else "2026-H2/learning/o/up"
    if field in ("as_of", "day", "value_day"):
        return "2026-07-03" if value != "2026-07-03" else "2026-07-04"
    if isinstance(value, bool):
        return not value
    if isinstance(value, dict):
        return {**value, next(iter(value), "x"): "0.5"}
    if isinstance(value, list):
        return [*value, None]
    if field == "status":
        return "on_track" if value != "on_track" else "at_risk"
    return "7" if value != "7" else "8"


def test_a_changed_series_changes_its_scores(walk: list[Walked]) -> None:
    """A series under its recorded digest but with other numbers does not give the scores."""
    changed = [
        replace(w, coding="text", series=b"2026-07-01,999,\nend,2026-12-31\n")
        if w.kind == "value"
        else w
        for w in walk
    ]
    assert len(rescore(changed).differences) > 20


def test_an_old_series_that_was_removed_is_no_difference(walk: list[Walked]) -> None:
    """Scores on series that were removed by their age are counted, not reported."""
    removed = [replace(w, series=b"") if w.kind == "value" else w for w in walk]
    done = rescore(removed)
    assert done.differences == []
    assert 0 < done.expired < done.scores


def test_one_value_is_read_like_the_whole_series() -> None:
    """A day's value out of the text is that of the parsed series, gaps and ends among it."""
    one = "2026-07-01,0,\n2026-07-03,12.50,\n2026-07-04,3,8\n2026-07-09,,\nend,2026-07-12\n"
    for text in (
        one,
        one + "2026-08-01,5,\nend,2026-08-02\n",
        "",
        "2026-07-05,1,0\nend,2026-07-05\n",
    ):
        whole, quick = Series.parse(text), SeriesText(text)
        for offset in range(50):
            day = date(2026, 6, 25) + timedelta(days=offset)
            assert quick.at(day) == whole.at(day), (text, day)


def test_parts_by_other_processes_come_out_as_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Cut at many places, in this process and in others, a history has the same answer.

    A score is changed before, so that there is a difference to find and to keep in order.
    """
    small = score_world.build(tmp_path_factory.mktemp("parts"))
    with small.open() as project:
        store = project.store
        _forge(store.url)
        whole = rescore(store.walk())
        assert whole.differences
        cuts = store.walk_parts(7)
        assert cuts[0][0] == 0
        assert [after for after, _ in cuts[1:]] == [upto for _, upto in cuts[:-1]]
        parts = [rescore(store.walk(*cut)) for cut in cuts]
        assert [d for one in parts for d in one.differences] == whole.differences
        for alone in (0, 10_000):
            with examined(store, part=10, alone=alone) as outcome:
                together = outcome(lambda: None)
            assert together.scores == whole
            assert together.findings == store.verify_ledger()
            assert len(together.findings) >= 2


def _forge(url: str) -> None:
    """Another progress in two scores, far apart."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as raw:
        rows = raw.execute("SELECT seq, body FROM ledger_records WHERE kind = 'score'").fetchall()
        for seq, body in (rows[3], rows[-2]):
            forged = json.dumps({**json.loads(body), "progress": "0.4321"}).encode()
            raw.execute("UPDATE ledger_records SET body = ? WHERE seq = ?", (forged, seq))
        raw.commit()

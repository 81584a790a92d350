"""A catalogue of typical mistakes: each is placed, quoted, and told what is legal.

In the text of a case, `§` stands before the character that the problem must point at.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import definition_samples as samples
import pytest
from definition_samples import (
    BEST,
    COMPANY_GOALS,
    CRM,
    LEARNING,
    LEARNING_GOALS,
    LMS,
    ORGANISATION,
    SALES,
)

from scoreline.core.errors import Place


@dataclass(frozen=True)
class Case:
    """`old` becomes `new`; then a problem of that code stands at the `§`."""

    name: str
    file: str
    old: str
    new: str
    code: str
    found: str = ""
    says: str = ""
    """A part of the message, legal values or hint."""


PREFIX = "2026-H2/learning/crm-fluency"

CASES = [
    # organisation.yaml
    Case("unknown key", ORGANISATION, "check_ins: weekly", "§checkins: weekly",
         "unknown-key", "checkins", "did you mean check_ins?"),
    Case("missing key", ORGANISATION, "organisation: Acme Training\n", "", "missing-key", "",
         "organisation is missing"),
    Case("unknown zone", ORGANISATION, "timezone: Europe/Berlin", "timezone: §Europe/Belrin",
         "unknown-timezone", "Europe/Belrin", "did you mean Europe/Berlin?"),
    Case("impossible day", ORGANISATION, "end: 2026-12-31", "end: §2026-02-30", "bad-date",
         "2026-02-30", "YYYY-MM-DD"),
    Case("day first", ORGANISATION, "end: 2026-12-31", "end: §31.12.2026", "bad-date",
         "31.12.2026", "year first"),
    Case("inverted cycle", ORGANISATION, "end: 2026-12-31", "end: §2026-06-30",
         "inverted-dates", "2026-06-30", "end after start"),
    Case("thresholds", ORGANISATION, "at_risk: 0.70", "at_risk: §0.95", "bad-thresholds", "0.95",
         "0 < at_risk <= on_track <= 1"),
    Case("lineage to nowhere", ORGANISATION, "check_ins: weekly",
         "check_ins: weekly\nlineage: §{namespace: ours}", "missing-key", "", "url, file, or both"),
    Case("a key in clear text", ORGANISATION, "check_ins: weekly",
         "check_ins: weekly\nlineage: {url: 'https://l.example', api_key: §abc}",
         "clear-text-secret", "***", "secret reference"),
    Case("age without a unit", ORGANISATION, "check_ins: weekly",
         "check_ins: weekly\nretention: {rows: §400}", "bad-duration", "400", "write 400 days"),
    Case("age in another language", ORGANISATION, "check_ins: weekly",
         "check_ins: weekly\nretention: {raw: §3 Jahre}", "bad-duration", "3 Jahre", "3 years"),
    Case("unknown thing to keep", ORGANISATION, "check_ins: weekly",
         "check_ins: weekly\nretention: {§row: 3 years}", "unknown-key", "row",
         "did you mean rows?"),
    Case("bytes outlive their rows", ORGANISATION, "check_ins: weekly",
         "check_ins: weekly\nretention: {raw: §5 years, rows: 3 years}", "bad-retention", "",
         "at most 3 years"),
    Case("percent threshold", ORGANISATION, "on_track: 0.90", "on_track: §90", "out-of-range",
         "90", "write 0.9 for 90 %"),
    Case("unknown parent", ORGANISATION, "parent: company", "parent: §compnay",
         "unknown-reference", "compnay", "did you mean company?"),
    Case("team circle", ORGANISATION, "company: {lead: ceo@acme.example}",
         "company: {parent: §learning}", "reference-cycle", "learning",
         "company > learning > company"),
    Case("holiday code", ORGANISATION, "[2026-10-03, 2026-12-25]", "§DE-BER",
         "unknown-holidays", "DE-BER", "did you mean DE-BE?"),
    Case("unknown word", ORGANISATION, "check_ins: weekly", "check_ins: §weakly", "not-one-of",
         "weakly", "did you mean weekly?"),
    Case("fiscal start", ORGANISATION, "fiscal_year_starts: 01-01", "fiscal_year_starts: §02-29",
         "bad-date", "02-29", "not 02-29"),
    Case("clear key", ORGANISATION, '"${env:PSEUDONYM_KEY}"', "§hunter2", "clear-text-secret",
         "***", "${env:NAME}"),
    # sources
    Case("bad cron", LMS, '"0 5 * * *"', '§"0 25 * * *"', "bad-cron", "0 25 * * *",
         "the hour '25' is not legal"),
    Case("short cron", LMS, '"0 5 * * *"', '§"0 5 * *"', "bad-cron", "0 5 * *", "5 fields"),
    Case("other name inside", LMS, "source: lms", "source: §lsm", "file-disagrees", "lsm",
         "write source: lms"),
    Case("split decimal", LMS, '"decimal(5,2)"', "§decimal(5,2)", "quote-it", "decimal(5,2)",
         'write type: "decimal(5,2)"'),
    Case("unknown type", CRM, "team: text", "team: §string", "bad-type", "string",
         "did you mean text?"),
    Case("float type", CRM, "decimal(12,2)", "§float", "bad-type", "float", "decimal"),
    Case("no timezone", LMS, 'format: "%Y-%m-%d %H:%M:%S", timezone: Europe/Berlin',
         'format: §"%Y-%m-%d %H:%M:%S"', "missing-timezone", "%Y-%m-%d %H:%M:%S", "%z"),
    Case("bad format", LMS, 'format: "%Y-%m-%d %H:%M:%S"', 'format: §"YYYY-MM-DD"', "bad-format",
         "YYYY-MM-DD", "%Y-%m-%d"),
    Case("key not declared", LMS, "key: [learner_id, course]", "key: [learner_id, §curse]",
         "unknown-column", "curse", "did you mean course?"),
    Case("merge without key", LMS, "    key: [learner_id, course]\n    load: merge",
         "    load: §merge", "missing-key", "merge", "key: […]"),
    Case("event time is text", LMS, "event_time: completed_at", "event_time: §team",
         "wrong-type", "team", "completed_at"),
    Case("dropped key", LMS, "key: [learner_id, course]", "key: [§secret_note, course]",
         "dropped-column", "secret_note", "pseudonym"),
    Case("history on append", CRM, "event_time: close_date",
         "event_time: close_date\n    history: §true", "not-applicable", "true", "merge"),
    Case("freshness without events", LMS, "    key: learner_id\n",
         "    key: learner_id\n    fresh_within: §36h\n", "missing-key", "36h",
         "fresh_by: extract"),
    Case("bad duration", LMS, "fresh_within: 2 workdays", "fresh_within: §two days",
         "bad-duration", "two days", "2 workdays"),
    Case("expectation column", LMS, "null, column: learner_id", "null, column: §learnerid",
         "unknown-column", "learnerid", "did you mean learner_id?"),
    Case("clear password", LMS, "options: {root: data/lms}",
         "options: {root: data/lms, api_token: §s3cr3t}", "clear-text-secret", "api_token: ***",
         "${env:NAME}"),
    Case("password in a URL", LMS, "options: {root: data/lms}",
         'options: {url: §"https://bob:s3cr3t@lms.example"}', "clear-text-secret", "***",
         "${env:NAME}"),
    Case("unquoted reference", CRM, "options: {root: data/crm}",
         "options:\n  root: data/crm\n  token: §${env:CRM}", "quote-it", "${env:CRM}",
         'write "${env:CRM}"'),
    Case("reference in braces", CRM, "options: {root: data/crm}",
         "options: §{root: x, token: ${env:CRM}}", "yaml-syntax", "${env:CRM}",
         "quote the reference"),
    Case("malformed reference", CRM, "options: {root: data/crm}",
         'options: {token: §"${CRM}"}', "bad-reference", "token", "${env:NAME}"),
    Case("no boolean", LMS, "    load: replace", "    load: replace\n    history: §yes",
         "not-boolean", "yes", "write true"),
    Case("unknown mark", LMS, '{type: "decimal(5,2)", null',
         '{type: "decimal(5,2)", decimal: §";", null', "not-one-of", ";", '"." or ","'),
    Case("one mark for two", LMS, '{type: "decimal(5,2)", null',
         '{type: "decimal(5,2)", thousands: §".", null', "same-mark", ".", "decimal: ','"),
    Case("marks on text", LMS, "{type: text, one_of",
         '{type: text, §decimal: ",", one_of', "not-applicable", "", "on decimal columns"),
    Case("column name", CRM, "deal_stage: text", '§"deal stage": text', "bad-name", "deal stage",
         "deal_stage"),
    # models
    Case("unknown table", BEST, "lms.roster", "§lms.rooster", "unknown-reference", "lms.rooster",
         "did you mean lms.roster?"),
    Case("two statements", BEST, "-- the best", "§SELECT 1; -- the best", "bad-sql", "",
         "one query"),
    Case("broken SQL", BEST, "SELECT best.* FROM", "SELECT FROM (SELECT", "bad-sql", "",
         "cannot be parsed"),
    Case("model circle", BEST, "JOIN lms.roster", "JOIN §models.best_scores", "reference-cycle",
         "models.best_scores", "circle"),
    # metrics
    Case("two aggregates", SALES, 'measure: {sum: close_value, where: "deal_stage = \'Won\'"}',
         "measure: §{sum: close_value, count: rows}", "not-exactly-one", "count, sum",
         "exactly one"),
    Case("no aggregate", SALES, 'measure: {sum: close_value, where: "deal_stage = \'Won\'"}',
         'measure: §{where: "true"}', "not-exactly-one", "", "count_distinct"),
    Case("sum of text", SALES, "sum: close_value", "sum: §deal_stage", "wrong-type",
         "deal_stage", "close_value"),
    Case("unknown column", LEARNING, "count_distinct: learner_id", "count_distinct: §learner",
         "unknown-column", "learner", "did you mean learner_id?"),
    Case("unknown stream", SALES, "from: crm.opportunities\n    measure: {sum",
         "from: §crm.oportunities\n    measure: {sum", "unknown-reference", "crm.oportunities",
         "did you mean crm.opportunities?"),
    Case("no time column", LEARNING, "    window: latest", "    window: §month", "missing-time",
         "month", "all, latest"),
    Case("bad window", SALES, "window: trailing 90d", "window: §trailing 90", "bad-window",
         "trailing 90", "trailing 90d"),
    Case("bad unit", SALES, "unit: currency:EUR", "unit: §currency:Euro", "bad-unit",
         "currency:Euro", "currency:EUR"),
    Case("dimension", LEARNING, "    dimensions: [team]\n    settle", "    dimensions: [§teem]\n"
         "    settle", "unknown-column", "teem", "did you mean team?"),
    Case("derived unknown", LEARNING, "derived: proficient_staff / active_staff",
         "derived: §proficient_staf / active_staff", "unknown-reference", "proficient_staf",
         "did you mean proficient_staff?"),
    Case("bad formula", LEARNING, "derived: proficient_staff / active_staff",
         "derived: §proficient_staff / / active_staff", "bad-formula", "/ /", "character 20"),
    Case("later time", SALES, "won_revenue@-1y - 1", "won_revenue@+1y", "bad-formula", "@+1y",
         "earlier time"),
    Case("derived circle", SALES, "derived: won_revenue / won_revenue@-1y - 1",
         "derived: §revenue_growth * 2", "reference-cycle", "revenue_growth",
         "revenue_growth > revenue_growth"),
    Case("derived with window", LEARNING, "derived: proficient_staff / active_staff",
         "derived: proficient_staff / active_staff\n    §window: month", "not-applicable",
         "window", "its parts have"),
    Case("derived dimension", LEARNING, "derived: proficient_staff / active_staff",
         "derived: proficient_staff / active_staff\n    dimensions: [§course]",
         "unknown-dimension", "course", "team"),
    # objectives
    Case("unknown metric", LEARNING_GOALS, "metric: win_rate", "metric: §win_rat",
         "unknown-reference", "win_rat", "did you mean win_rate?"),
    Case("target is baseline", LEARNING_GOALS, "target: 90", "target: §35.0",
         "target-is-baseline", "35.0", "anything but 35"),
    Case("quoted number", LEARNING_GOALS, "target: 90", 'target: §"90"', "not-a-number", "90",
         "write 90"),
    Case("percent sign", LEARNING_GOALS, "target: 90", "target: §90 %", "not-a-number", "90 %",
         "write 90"),
    Case("no target", LEARNING_GOALS, "        target: 90\n", "", "missing-key", "",
         "target missing"),
    Case("inverted bounds", LEARNING_GOALS, "{at_least: 33.5, every",
         "{at_least: §33.5, at_most: 20, every", "inverted-bounds", "33.5", "below 20"),
    Case("due too late", LEARNING_GOALS, "due: 2026-11-30\n", "due: §2027-01-31\n",
         "due-after-cycle", "2027-01-31", "at most 2026-12-31"),
    Case("start after due", LEARNING_GOALS, "due: 2026-11-30\n",
         "due: 2026-11-30\n        start: §2026-12-01\n", "inverted-dates", "2026-12-01",
         "before 2026-11-30"),
    Case("filter dimension", LEARNING_GOALS, "filter: {team: [learning, company]}",
         "filter: {§taem: learning}", "unknown-dimension", "taem", "did you mean team?"),
    Case("two sources", LEARNING_GOALS, "manual: true", "manual: true\n        §metric: win_rate",
         "not-exactly-one", "metric, manual", "exactly one"),
    Case("nothing to measure", LEARNING_GOALS, "        manual: true\n", "", "not-exactly-one",
         "", "milestones or done"),
    Case("curve runs back", LEARNING_GOALS, "{value: 60, progress: 0.3}",
         "{value: §20, progress: 0.3}", "bad-curve", "20", "above 30 and below 95"),
    Case("curve's progress", LEARNING_GOALS, "{value: 60, progress: 0.3}",
         "{value: 60, progress: §1.3}", "bad-curve", "1.3", "below 1"),
    Case("waypoint outside", LEARNING_GOALS, "{date: 2026-09-30, progress",
         "{date: §2027-09-30, progress", "bad-waypoint", "2027-09-30", "before 2026-12-31"),
    Case("step due outside", LEARNING_GOALS, "due: 2026-08-15", "due: §2025-08-15",
         "due-outside", "2025-08-15", "2026-07-01 to 2026-12-31"),
    Case("two bounds", LEARNING_GOALS, "done_when: {metric: active_staff, at_least: 60}",
         "done_when: §{metric: active_staff}", "not-exactly-one", "", "at_least or at_most"),
    Case("done: true", LEARNING_GOALS, "done: false", "done: §true", "bad-date", "true",
         "write the day"),
    Case("withdrawn without why", LEARNING_GOALS,
         "withdrawn: {date: 2026-08-01, why: The course was replaced}",
         "§withdrawn: {date: 2026-08-01}", "missing-key", "", "why is missing"),
    Case("expected beside keep", LEARNING_GOALS, "keep: {at_least: 33.5, every: month}",
         "keep: {at_least: 33.5, every: month}\n        §expected: linear", "not-applicable",
         "expected", "fixed"),
    Case("unknown curve", LEARNING_GOALS, "expected: {waypoints: [{date: 2026-09-30, progress: "
         "0.4}]}", "expected: §liner", "not-one-of", "liner", "did you mean linear?"),
    Case("supports nothing known", LEARNING_GOALS, "supports: company/digital-operations",
         "supports: §company/digital-operation", "unknown-reference",
         "company/digital-operation", "did you mean company/digital-operations?"),
    Case("supports in a circle", COMPANY_GOALS, "    commitment: committed",
         "    commitment: committed\n    supports: §learning/crm-fluency", "reference-cycle",
         "learning/crm-fluency", "company/digital-operations > 2026-H2/learning/crm-fluency >"),
    Case("wrong team inside", LEARNING_GOALS, "team: learning\n", "team: §sales\n",
         "file-disagrees", "sales", "write team: learning"),
    Case("zero weight", LEARNING_GOALS, "        weight: 2", "        weight: §0",
         "out-of-range", "0", "above 0"),
    Case("moved from a short name", LEARNING_GOALS, "        manual: true",
         "        manual: true\n        moved_from: §mood", "bad-name", "mood",
         "<cycle>/<team>/<objective>/<key result>"),
    Case("moved from one that stands", LEARNING_GOALS, "        manual: true",
         f"        manual: true\n        moved_from: §{PREFIX}/signed", "bad-move",
         f"{PREFIX}/signed", "still stands"),
    Case("list for a mapping", LEARNING_GOALS, "keep: {at_least: 33.5, every: month}",
         "keep: §[33.5]", "wrong-shape", "a list", "at_least, at_most"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_a_mistake_is_placed_quoted_and_explained(case: Case, tmp_path: Path) -> None:
    """The problem stands at the exact line and column, with what was found and is legal."""
    change = samples.edited(case.file, case.old, case.new)
    marked = change[case.file]
    assert isinstance(marked, str)
    position = marked.find("§")
    loading = samples.load(tmp_path, {case.file: marked.replace("§", "")})
    matching = [p for p in loading.problems if p.code == case.code]
    assert matching, samples.shown(loading.problems)
    problem = matching[0]
    assert problem.severity == "error"
    if position >= 0 and case.code != "yaml-syntax":
        line = marked.count("\n", 0, position) + 1
        column = position - marked.rfind("\n", 0, position)
        assert problem.place == Place(case.file, line, column), samples.shown(matching)
    assert problem.place.file == case.file
    assert case.found in problem.found
    told = f"{problem.message} | {problem.legal} | {problem.hint}"
    assert case.says in told
    assert "s3cr3t" not in str(loading.problems)
    assert "hunter2" not in str(loading.problems)
    assert not next(f.ok for f in loading.files if f.path == case.file)


def test_every_case_is_one_mistake(tmp_path: Path) -> None:
    """No two cases of the catalogue share their name, and there are at least forty."""
    assert len({c.name for c in CASES}) == len(CASES) >= 40


def test_all_mistakes_are_reported_at_once(tmp_path: Path) -> None:
    """Mistakes in every file, several in one object, come in one report with their scopes."""
    change = samples.edited(ORGANISATION, "check_ins: weekly", "check_ins: dayly")
    text = samples.FILES[LEARNING_GOALS]
    text = text.replace("weight: 2", "weight: -1").replace("target: 90", "target: ninety")
    change |= {LEARNING_GOALS: text.replace("every: month", "every: fortnight")}
    change |= samples.edited(LMS, "team: text\n      course", "team: string\n      course")
    change |= samples.edited(SALES, "window: trailing 90d", "window: always")
    loading = samples.load(tmp_path, change)
    scopes = [(p.place.file, p.scope) for p in loading.problems]
    assert scopes.count((LEARNING_GOALS, f"{PREFIX}/proficiency")) == 2
    assert (LEARNING_GOALS, f"{PREFIX}/steady") in scopes
    assert (LMS, "stream lms.completions") in scopes
    assert (SALES, "metric won_revenue") in scopes
    assert (ORGANISATION, "organisation") in scopes
    assert loading.plan is None


def test_problems_are_sorted_by_place(tmp_path: Path) -> None:
    """A reader goes through each file from top to bottom."""
    text = samples.FILES[LEARNING_GOALS].replace("weight: 2", "weight: -1")
    text = text.replace("done: false", "done: maybe")
    problems = samples.load(tmp_path, {LEARNING_GOALS: text}).problems
    assert [p.place for p in problems] == sorted(p.place for p in problems)
    assert len(problems) == 2

"""What every data-driven key result of the example is worth, computed without the product.

Plain Python over the export files with its own reading of CSV and JSON: an answer here
that agrees with the product's was reached twice, by different ways.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

AS_OF = date(2026, 11, 20)
CYCLE_STARTS = date(2026, 7, 1)
BERLIN = ZoneInfo("Europe/Berlin")
UTC_FORMAT = "%Y-%m-%dT%H:%M:%S.%f%z"

Row = dict[str, str]
Value = tuple[Fraction, Fraction | None]


# --- reading ---------------------------------------------------------------------------


def _rows(folder: Path, pattern: str, delimiter: str = ",") -> Iterator[Row]:
    """Every row of the files in name order; one with cells too few or too many is left out."""
    for path in sorted(folder.glob(pattern)):
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter)
            header = next(reader)
            for cells in reader:
                if len(cells) == len(header):
                    yield dict(zip(header, cells, strict=True))


def _day(text: str, form: str | None = None) -> date:
    """The Berlin day of a time; a naive one is a Berlin time already."""
    moment = datetime.strptime(text, form) if form else datetime.fromisoformat(text)
    return moment.astimezone(BERLIN).date() if moment.tzinfo else moment.date()


def opportunities(data: Path) -> list[Row]:
    """The newest version of each opportunity among the rows that keep the contract."""
    newest: dict[str, tuple[datetime, Row]] = {}
    for row in _rows(data / "crm", "opportunities_*.csv"):
        if row["deal_stage"] not in ("Prospecting", "Engaging", "Won", "Lost"):
            continue
        if len(row["close_value"].partition(".")[2]) > 2:
            continue
        modified = datetime.strptime(row["modified_at"], UTC_FORMAT)
        known = newest.get(row["opportunity_id"])
        if known is None or modified >= known[0]:
            newest[row["opportunity_id"]] = (modified, row)
    return [row for _, row in newest.values()]


def attempts(data: Path) -> list[Row]:
    """The last received version of each attempt with a grade of at most 100."""
    last: dict[tuple[str, str], Row] = {}
    for row in _rows(data / "moodle", "quiz_attempts_*.csv"):
        if row["Grade/100.00"] == "-" or Decimal(row["Grade/100.00"]) <= 100:
            last[row["Email address"], row["Started on"]] = row
    return list(last.values())


def completions(data: Path) -> list[Row]:
    """The last received row of each learner."""
    rows = _rows(data / "moodle", "course4_completion_*.csv")
    return list({row["Email address"]: row for row in rows}.values())


def lessons(data: Path) -> list[Row]:
    """The newest log of each learner and lesson."""
    newest: dict[tuple[str, str], Row] = {}
    for row in _rows(data / "kolibri", "summary_logs_*.csv"):
        key = (row["Username"], row["Content id"])
        at = "Time of last interaction"
        if key not in newest or _moment(row[at]) >= _moment(newest[key][at]):
            newest[key] = row
    return list(newest.values())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def staff(data: Path) -> list[Row]:
    """The newest roster."""
    newest = max(path.name for path in (data / "hr").glob("staff_*.csv"))
    return list(_rows(data / "hr", newest))


def tickets(data: Path) -> list[Row]:
    """Every ticket once."""
    rows = _rows(data / "helpdesk", "tickets_*.csv")
    return list({row["ticket_id"]: row for row in rows}.values())


def assessments(data: Path) -> list[dict[str, object]]:
    """Every assessment, numbers as decimals."""
    last: dict[str, dict[str, object]] = {}
    for path in sorted((data / "survey").glob("assessments_*.ndjson")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line, parse_float=Decimal, parse_int=Decimal)
            last[row["assessment_id"]] = row
    return list(last.values())


# --- the answers -----------------------------------------------------------------------


def _count(items: Iterable[object]) -> Fraction:
    return Fraction(sum(1 for _ in items))


def _sum(amounts: Iterable[str]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts), Fraction(0))


def _won(data: Path, first: date, last: date, product: str | None = None) -> list[Row]:
    return [
        row
        for row in opportunities(data)
        if row["deal_stage"] == "Won"
        and first <= date.fromisoformat(row["close_date"]) <= last
        and (product is None or row["product"].replace(" ", "") == product)
    ]


def _active(data: Path, team: str | None = None, day: date = AS_OF) -> dict[str, Row]:
    """Active staff by e-mail address, hired by that day."""
    return {
        row["email"]: row
        for row in staff(data)
        if row["left_on"] in ("", "?")
        and (team is None or row["team"] == team)
        and date.fromisoformat(row["hired_on"]) <= day
    }


def _quiz_day(row: Row) -> date:
    return _day(" ".join(row["Completed"].split()), "%d %B %Y %I:%M %p")


def _finished(data: Path) -> list[Row]:
    return [row for row in attempts(data) if row["State"] == "Finished"]


def _proficiency(data: Path, team: str | None = None) -> Value:
    active = _active(data, team)
    passed = {
        row["Email address"]
        for row in _finished(data)
        if Decimal(row["Grade/100.00"]) >= 85 and _quiz_day(row) <= AS_OF
    }
    return Fraction(len(passed & set(active))), Fraction(len(active))


def _attempts_passed(data: Path) -> Value:
    here = [row for row in _finished(data) if CYCLE_STARTS <= _quiz_day(row) <= AS_OF]
    passed = [row for row in here if Decimal(row["Grade/100.00"]) >= 85]
    return _count(passed), _count(here)


def _competency(data: Path) -> Value:
    managers = {mail for mail, row in _active(data).items() if row["is_manager"] == "true"}
    shown: dict[str, set[object]] = {}
    for row in assessments(data):
        if row["score"] >= 4 and _day(str(row["assessed_at"])) <= AS_OF:  # type: ignore[operator]
            shown.setdefault(str(row["manager"]), set()).add(row["competency"])
    able = [m for m in managers if len(shown.get(m, ())) == 4]
    return _count(able), Fraction(len(managers))


def _lowest(data: Path, first: date, last: date) -> Fraction | None:
    scores = [
        Fraction(row["score"])  # type: ignore[arg-type]
        for row in assessments(data)
        if first <= _day(str(row["assessed_at"])) <= last
    ]
    return min(scores, default=None)


def _growth(data: Path) -> Value:
    now = _won(data, date(2026, 10, 1), AS_OF)
    then = _won(data, date(2025, 10, 1), date(2025, 11, 20))
    return _sum(r["close_value"] for r in now), _sum(r["close_value"] for r in then)


def _average_deal(data: Path, last: date) -> Value:
    deals = _won(data, last - timedelta(days=89), last)
    return _sum(r["close_value"] for r in deals), _count(deals)


def _ticket_day(row: Row) -> date:
    return _day(row["opened_at"], "%d.%m.%Y %H:%M")


def _in_time(data: Path, first: date, last: date) -> Value:
    week = [row for row in tickets(data) if first <= _ticket_day(row) <= last]
    quick = [row for row in week if Decimal(row["first_response_hours"]) <= 8]
    return _count(quick), _count(week)


def crm_tickets_per_100(data: Path, day: date) -> Value:
    """Tickets about the CRM in the 28 days up to that day, for 100 active staff."""
    since = day - timedelta(days=27)
    here = [r for r in tickets(data) if r["system"] == "CRM" and since <= _ticket_day(r) <= day]
    return 100 * _count(here), Fraction(len(_active(data, day=day)))


def _cost(data: Path) -> Value:
    invoices = {r["invoice_no"]: r for r in _rows(data / "finance", "training_costs_*.csv", ";")}
    learners = {
        r["Email address"]
        for r in _finished(data)
        if CYCLE_STARTS <= _day(" ".join(r["Started on"].split()), "%d %B %Y %I:%M %p") <= AS_OF
    }
    return _sum(r["amount"] for r in invoices.values()), Fraction(len(learners))


def _hours(data: Path) -> Value:
    at = "Time of last interaction"
    here = [row for row in lessons(data) if CYCLE_STARTS <= _day(row[at]) <= AS_OF]
    return _sum(row["Time Spent (sec)"] for row in here), Fraction(3600)


def _unfinished(data: Path) -> Value:
    at = "Time of first interaction"
    here = [row for row in lessons(data) if CYCLE_STARTS <= _day(row[at]) <= AS_OF]
    return _count(row for row in here if not row["Time of completion"]), _count(here)


def _with_account(data: Path) -> Value:
    here = [
        row
        for row in opportunities(data)
        if row["engage_date"] and CYCLE_STARTS <= date.fromisoformat(row["engage_date"]) <= AS_OF
    ]
    return _count(row for row in here if row["account"]), _count(here)


def expected_values(data_dir: Path) -> dict[str, Value]:
    """Numerator and denominator (None for plain numbers) of each key result on the pinned day.

    Left out: the key result whose stream is held, the one without rows, the manual one,
    and those that are milestones or done.
    """
    won = _won(data_dir, CYCLE_STARTS, AS_OF)
    gtx = _won(data_dir, CYCLE_STARTS, AS_OF, "GTXPro")
    phone = [r for r in tickets(data_dir) if r["channel"] == "phone"]
    lowest = _lowest(data_dir, date(2026, 11, 1), AS_OF)
    assert lowest is not None
    short = {
        "company/digital-operations/crm-proficiency": _proficiency(data_dir),
        "company/digital-operations/learning-hours": _hours(data_dir),
        "company/grow-through-people/revenue": (_sum(r["close_value"] for r in won), None),
        "company/grow-through-people/customers": (
            Fraction(len({r["account"] for r in won} - {""})),
            None,
        ),
        "learning/crm-fluency/sales-proficiency": _proficiency(data_dir, "Sales"),
        "learning/crm-fluency/attempts-passed": _attempts_passed(data_dir),
        "learning/learning-that-lasts/unfinished": _unfinished(data_dir),
        "academy/leaders/competency": _competency(data_dir),
        "academy/leaders/no-one-left-behind": (lowest, None),
        "sales/selling-with-insight/revenue-growth": _growth(data_dir),
        "sales/selling-with-insight/average-deal": _average_deal(data_dir, AS_OF),
        "sales/selling-with-insight/gtx-pro": (_sum(r["close_value"] for r in gtx), None),
        "operations/quiet-helpdesk/crm-tickets": crm_tickets_per_100(data_dir, AS_OF),
        "operations/quiet-helpdesk/first-response": _in_time(data_dir, date(2026, 11, 16), AS_OF),
        "operations/quiet-helpdesk/training-cost": _cost(data_dir),
        "operations/quiet-helpdesk/clean-accounts": _with_account(data_dir),
        "operations/quiet-helpdesk/hotline": (_count(phone), None),
    }
    return {f"2026-H2/{name}": value for name, value in short.items()}


def expected_keeps(data_dir: Path) -> dict[str, tuple[int, int]]:
    """Periods inside their bounds and periods with a value, of each key result that keeps."""
    monday = date(2026, 6, 29)
    weeks = [(monday + timedelta(weeks=n), monday + timedelta(weeks=n, days=6)) for n in range(20)]
    shares = [_in_time(data_dir, first, last) for first, last in weeks]
    months = [(date(2026, m, 1), date(2026, m + 1, 1) - timedelta(days=1)) for m in range(7, 11)]
    lows = [low for first, last in months if (low := _lowest(data_dir, first, last)) is not None]
    in_time = [n for n, d in shares if d and n * 100 >= 80 * d]
    return {
        "2026-H2/operations/quiet-helpdesk/first-response": (
            len(in_time),
            sum(1 for _, d in shares if d),
        ),
        "2026-H2/academy/leaders/no-one-left-behind": (
            sum(1 for low in lows if low >= Fraction(5, 2)),
            len(lows),
        ),
    }


def expected_baselines(data_dir: Path) -> dict[str, Value]:
    """The baselines that are a metric's value on a day."""
    value = _average_deal(data_dir, date(2026, 6, 30))
    return {"2026-H2/sales/selling-with-insight/average-deal": value}


def course_completions(data_dir: Path) -> int:
    """How many learners completed the whole course by the pinned day."""
    done = [row["Course complete"] for row in completions(data_dir) if row["Course complete"]]
    return sum(1 for text in done if _day(text) <= AS_OF)

"""Runs inside Tryton's own environment: a company, its parties and opportunities, and a key.

argv: database, CSV of opportunities. Prints the key of a user application, then the number of
records; with a third argument, changes that many opportunities and makes one instead.
"""

# ruff: noqa: T201
import csv
import datetime
import pathlib
import sys
from decimal import Decimal

from trytond.config import config

config.update_etc(sys.argv[1])
from trytond.pool import Pool  # noqa: E402
from trytond.transaction import Transaction  # noqa: E402

STATES = {"Won": "converted", "Lost": "lost", "Engaging": "opportunity", "Prospecting": "lead"}
DATABASE, TABLE = sys.argv[2], sys.argv[3]
CHANGED = int(sys.argv[4]) if len(sys.argv) > 4 else 0


def day(text):
    return datetime.date.fromisoformat(text) if text else None


def load(get):
    (currency,) = get("currency.currency").create(
        [
            {
                "name": "Euro",
                "symbol": "EUR",
                "code": "EUR",
                "rates": [("create", [{"rate": Decimal(1), "date": datetime.date(2016, 1, 1)}])],
            }
        ]
    )
    (party,) = get("party.party").create([{"name": "Acme"}])
    (company,) = get("company.company").create([{"party": party.id, "currency": currency.id}])
    with pathlib.Path(TABLE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    agents = {}
    for name in sorted({r["sales_agent"] for r in rows}):
        (person,) = get("party.party").create([{"name": name}])
        (agents[name],) = get("company.employee").create(
            [{"party": person.id, "company": company.id}]
        )
    names = sorted({r["account"] for r in rows if r["account"]} | {"Unknown"})
    parties = dict(zip(names, get("party.party").create([{"name": n} for n in names]), strict=True))
    records = [
        {
            "reference": r["opportunity_id"],
            "description": r["product"],
            "party": parties[r["account"] or "Unknown"].id,
            "company": company.id,
            "currency": currency.id,
            "employee": agents[r["sales_agent"]].id,
            "amount": Decimal(r["close_value"]) if r["close_value"] else None,
            "start_date": day(r["engage_date"]) or datetime.date(2017, 1, 1),
            "end_date": day(r["close_date"]),
            "state": STATES[r["deal_stage"]],
        }
        for r in rows
    ]
    with Transaction().set_context(company=company.id):
        for start in range(0, len(records), 1000):
            get("sale.opportunity").create(records[start : start + 1000])
    (admin,) = get("res.user").search([("login", "=", "admin")])
    get("res.user").write([admin], {"companies": [("add", [company.id])], "company": company.id})
    (key,) = get("res.user.application").create(
        [{"user": admin.id, "application": "rest", "state": "validated"}]
    )
    print(key.key)
    print(len(records))


def change(get):
    opportunity = get("sale.opportunity")
    some = opportunity.search([], limit=CHANGED, order=[("id", "DESC")])
    opportunity.write(some, {"description": "changed"})
    print(len(some))


pool = Pool(DATABASE)
with Transaction().start(DATABASE, 0):
    pool.init()
with Transaction().start(DATABASE, 1, context={"active_test": False}):
    (change if CHANGED else load)(pool.get)

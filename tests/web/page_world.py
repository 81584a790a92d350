"""A small organisation with every kind of key result and of trouble, and hostile texts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flow_builders import Small
from starlette.testclient import TestClient

from scoreline.core.records import CheckIn
from scoreline.web.app import create_app
from scoreline.web.reading.live import Live
from scoreline.wiring.serving import open_live

SCRIPT = "<script>alert('x')</script>"
FORMULA = "=HYPERLINK(&quot;http://e.example&quot;)"
ARABIC = "كل العملاء راضون"
LONG = "long " * 2000

ORGANISATION = """\
organisation: Test <Corp> & Söhne
timezone: Europe/Berlin
cycles:
  2026-H1: {start: 2026-01-01, end: 2026-06-30}
  2026-H2: {start: 2026-07-01, end: 2026-12-31}
evaluate: 2026-11-20
teams:
  company: {title: Everyone, lead: ann@x.example}
  learning: {title: Learning, lead: maya@x.example, parent: company}
  sales: {title: Sales, parent: company}
people:
  maya@x.example: {name: Maya Chen}
"""
SOURCE = """\
source: lms
owner: maya@x.example
connector: files
options: {root: data}
schedule: "0 5 * * *"
streams:
  done:
    options: {glob: "done*.csv"}
    columns:
      id: text
      team: text
      score: {type: "decimal(5,2)", null_values: [""]}
      at: {type: timestamp, timezone: Europe/Berlin}
    key: [id]
    load: merge
    event_time: at
    expect:
      - {type: expect_column_values_to_not_be_null, column: score}
      - {type: expect_column_values_to_be_between, column: score, min_value: 0, max_value: 100, on_failure: quarantine}
  costs:
    options: {glob: "costs*.csv"}
    columns: {id: text, amount: integer, at: {type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: append
    event_time: at
    fresh_within: 5 days
  votes:
    options: {glob: "votes*.csv"}
    columns: {id: text, stars: integer, at: {type: timestamp, timezone: Europe/Berlin}}
    key: [id]
    load: append
    event_time: at
    expect:
      - {type: expect_column_values_to_not_be_null, column: stars}
"""
METRICS = """\
metrics:
  people: {title: People, unit: count, from: lms.done, measure: {count_distinct: id}, window: cycle, dimensions: [team]}
  mean: {title: Mean score, unit: score, from: lms.done, measure: {average: score}, window: cycle}
  spent: {title: Spent, unit: "currency:EUR", from: lms.costs, measure: {sum: amount}, window: cycle}
  stars: {title: Stars, unit: score, from: lms.votes, measure: {average: stars}, window: cycle}
"""
COMPANY = """\
cycle: 2026-H2
team: company
objectives:
  top:
    title: Everybody learns
    owner: ann@x.example
    commitment: committed
    key_results:
      people: {title: 40 people are done, metric: people, baseline: 0, target: 40}
      same: {title: The same 40 people again, metric: people, baseline: 0, target: 40}
"""
LEARNING = f"""\
cycle: 2026-H2
team: learning
objectives:
  courses:
    title: "{SCRIPT}"
    owner: maya@x.example
    supports: 2026-H2/company/top
    key_results:
      mean: {{title: "Mean score of 80", metric: mean, baseline: 50, target: 80}}
      steady: {{title: "Never below 60", metric: mean, keep: {{at_least: 60}}}}
      cost: {{title: "Spend at most 900", metric: spent, baseline: 0, target: 900}}
      stars: {{title: "4 stars", metric: stars, baseline: 1, target: 4}}
      half: {{title: "Half of learning is done", metric: people, filter: {{team: learning}}, baseline: 0, target: 8}}
"""
SALES = f"""\
cycle: 2026-H2
team: sales
objectives:
  hand:
    title: "{ARABIC}"
    owner: maya@x.example
    key_results:
      talks: {{title: "{SCRIPT} talks", manual: true, baseline: 0, target: 10}}
      sheet: {{title: "=HYPERLINK(\\"http://e.example\\")", manual: true, baseline: 0, target: 10}}
      roll-out:
        title: "{LONG.strip()[:1500]}"
        milestones:
          - {{title: "Plan <b>", weight: 1, due: 2026-08-01, done: 2026-07-20}}
          - {{title: Pilot, weight: 2, due: 2026-10-01}}
          - {{title: Roll-out, weight: 5, due: 2026-12-01}}
      signed: {{title: Contract signed, done: 2026-11-18}}
      dropped: {{title: Dropped, manual: true, baseline: 0, target: 3, withdrawn: {{date: 2026-09-01, why: "no <i>budget</i>"}}}}
      later: {{title: Later, manual: true, baseline: 0, target: 3, start: 2026-12-01}}
"""
DAYS = [date(2026, m, d).isoformat() for m in (7, 8, 9, 10, 11) for d in (2, 9, 16)]
ALL = (
    "/", "/?view=alignment", "/?view=table", "/changes", "/review", "/health", "/celebrate",
    "/key-results/2026-H2/company/top/people", "/key-results/2026-H2/learning/courses/steady",
    "/key-results/2026-H2/sales/hand/talks", "/key-results/2026-H2/sales/hand/roll-out",
    "/records/2026-H2/company/top/people", "/why/2026-H2/company/top/people?since=2026-11-13",
    "/split/2026-H2/company/top/people?by=team",
)  # fmt: skip


def export_done(small: Small, count: int, name: str = "done") -> None:
    """An export with so many people, spread over the days."""
    teams = ("learning", "sales")
    rows = [
        f"p{n},{teams[n % 2]},{55 + n % 30},{DAYS[n % len(DAYS)]} 12:00:00" for n in range(count)
    ]
    small.write(f"data/{name}.csv", "id,team,score,at\n" + "".join(f"{r}\n" for r in rows))


def write_world(root: Path) -> Small:
    """The project, run a week before and on its day, with check-ins and a blocked batch."""
    small = Small(root)
    small.define(
        organisation=ORGANISATION,
        sources__lms=SOURCE,
        metrics__m=METRICS,
        objectives__2026_H2__company=COMPANY,
        objectives__2026_H2__learning=LEARNING,
        objectives__2026_H2__sales=SALES,
    )
    export_done(small, 24)
    small.write("data/costs1.csv", "id,amount,at\na,300,2026-08-01 10:00:00\n")
    small.write("data/votes1.csv", "id,stars,at\na,3,2026-11-02 10:00:00\n")
    say(small, "2026-H2/sales/hand/talks", date(2026, 10, 5), value="3", note=f"{SCRIPT} {LONG}")
    small.run("2026-11-13")
    export_done(small, 30, "done2")
    small.write("data/done3.csv", "id,team,score,at\nbad,sales,900,2026-11-17 08:00:00\n")
    small.write("data/votes2.csv", "id,stars,at\nb,,2026-11-15 10:00:00\n")
    say(
        small,
        "2026-H2/sales/hand/talks",
        date(2026, 11, 17),
        value="6",
        confidence="0.7",
        note=ARABIC,
    )
    say(
        small, "2026-H2/learning/courses/half", date(2026, 11, 10), value="7",
        until=date(2026, 11, 30), reason="<b>recount</b>",
    )  # fmt: skip
    small.run()
    return small


def say(small: Small, name: str, day: date, **said: object) -> None:
    """A check-in."""
    with small.open() as project:
        entry = CheckIn(key_result=name, day=day, who="maya@x.example", **said)  # type: ignore[arg-type]
        project.store.add_check_in(entry, project.now())


@dataclass
class Pages:
    """A project that is served in this process."""

    small: Small
    live: Live
    client: TestClient

    def get(self, path: str, status: int = 200) -> str:
        """A page's HTML; its status is as expected."""
        answer = self.client.get(path)
        assert answer.status_code == status, (path, answer.status_code, answer.text[:500])
        return answer.text

    def text(self, path: str) -> str:
        """What a page says, without its tags."""
        return plain(self.get(path))

    def text_of(self, path: str, status: int) -> str:
        """What a refusal says."""
        return plain(self.get(path, status))


def plain(page: str) -> str:
    """The words of a page: no tags, entities resolved, blanks folded."""
    body = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@contextmanager
def served(small: Small) -> Iterator[Pages]:
    """A project served by an application of its own."""
    with small.open() as project:
        live = open_live(project)
        app = create_app(live)
        with TestClient(app, raise_server_exceptions=False) as client:
            yield Pages(small, live, client)

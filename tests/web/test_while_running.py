"""Pages during runs: no error, and never half of one state and half of another."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from page_world import Pages, export_done, plain

from scoreline.steps.run import run_all
from scoreline.wiring import open_project

KR = "/key-results/2026-H2/company/top"
LOADS = 300


def test_pages_load_whole_while_a_run_writes(own: Pages) -> None:
    """Two key results on the same rows show the same value on every page ever loaded.

    Three readers load pages while runs land, load, score and record more and more rows.
    """
    over, seen = Event(), set()

    def write() -> None:
        project = open_project(own.small.root, validator=own.small.validator)
        try:
            for count in (33, 36, 40, 44):
                export_done(own.small, count, f"done_{count}")
                run_all(project)
        finally:
            project.store.close()
            over.set()

    def read(number: int) -> int:
        loads = 0
        while loads < LOADS // 3 or not over.is_set():
            path = (
                "/?team=company",
                "/?view=table",
                f"{KR}/people",
                "/health",
                "/records/2026-H2/company/top/same",
            )
            answer = own.client.get(path[(loads + number) % len(path)])
            assert answer.status_code == 200
            if path[(loads + number) % len(path)].startswith("/?"):
                values = re.findall(r"people(?: are done| again).*?(\d+) of 40", plain(answer.text))
                assert len(values) == 2, values
                assert values[0] == values[1]
                seen.add(values[0])
            loads += 1
        return loads

    with ThreadPoolExecutor(4) as threads:
        writer = threads.submit(write)
        readers = [threads.submit(read, n) for n in range(3)]
        writer.result()
        assert sum(r.result() for r in readers) >= LOADS
    assert len(seen) > 1
    assert "(44 - 0) / (40 - 0)" in own.text(f"{KR}/people")

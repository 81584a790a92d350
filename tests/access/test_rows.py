"""The rows behind a value: for auditors, and never without a record of the look."""

from __future__ import annotations

from pathlib import Path

import pytest
from access_builders import DATA, KR, Browser, add_user, make_project, served


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scored project."""
    folder = tmp_path_factory.mktemp("rows")
    make_project(folder)
    return folder


def test_only_an_auditor_sees_rows_and_each_look_is_recorded(root: Path) -> None:
    """An admin is refused; an auditor's page and file are in the record before they are shown."""
    from flow_builders import Small

    with served(Small(root)) as (app, project):
        add_user(project, "root@acme.example", "admin")
        add_user(project, "ana@acme.example", "auditor")
        admin = Browser(app)
        admin.log_in("root@acme.example")
        assert admin.get(f"/rows/{DATA}").status_code == 403
        assert "/rows/" not in admin.get(f"/key-results/{DATA}").text
        assert project.store.looks() == []
        ana = Browser(app)
        ana.log_in("ana@acme.example")
        assert f"/rows/{DATA}" in ana.get(f"/key-results/{DATA}").text
        page = ana.get(f"/rows/{DATA}")
        assert page.status_code == 200
        assert "exactly the value recorded" in page.text
        assert page.text.count("done1.csv") == 4
        assert page.headers["cache-control"] == "no-store"
        found = ana.get(f"/rows/{DATA}/file")
        assert found.headers["content-type"].startswith("text/csv")
        assert len(found.text.splitlines()) == 5
        looks = project.store.looks(DATA)
        assert [(k.who, k.what) for k in looks] == [("ana@acme.example", "rows")] * 2
        assert "as a file" in looks[0].detail
        assert "page 1" in looks[1].detail
        assert ana.get(f"/rows/{KR}").status_code == 404
        assert ana.get(f"/rows/{DATA}?page=0").status_code == 422
        assert ana.get(f"/rows/{DATA}/file?part=9").status_code == 404
        assert project.store.verify_ledger() == []

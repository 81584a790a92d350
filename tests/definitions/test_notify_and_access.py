"""notify.yaml and access.yaml: what is legal, and that a mistake there stops nothing else."""

from __future__ import annotations

from pathlib import Path

import definition_samples as samples
import pytest

from scoreline.core.access import roles_of
from scoreline.core.notices import EVENTS
from scoreline.definitions.canonical import object_bodies
from scoreline.definitions.project import Loading, load_project
from scoreline.definitions.schemas import committed, json_schemas, schema_text

PLAIN = """\
roles: {viewer: ["*"]}
oidc: {issuer: "http://id.acme.example", client_id: a, client_secret: "${env:S}"}
"""
NOTIFY, ACCESS = "okr_defs/notify.yaml", "okr_defs/access.yaml"


def load(root: Path, **files: str) -> Loading:
    """The sample with notify.yaml and access.yaml of these texts."""
    named = {f"okr_defs/{name}.yaml": text for name, text in files.items()}
    samples.write(root, {**samples.FILES, **named})
    return load_project(root)


def test_recipients_resolve_with_their_defaults(tmp_path: Path) -> None:
    """A URL by reference is enough; everything is told to it, a digest each week."""
    found = load(
        tmp_path, notify='page: https://okr.acme.example/\nrecipients:\n  a: {url: "${env:A}"}\n'
    )
    assert found.problems == ()
    assert found.plan is not None
    one = found.plan.notify.recipients["a"]
    assert (one.events, one.to, one.digest, one.format) == (EVENTS, "channel", "weekly", "text")
    assert found.plan.notify.page == "https://okr.acme.example"


@pytest.mark.parametrize(
    ("one", "code"),
    [
        ("{url: json://host/token}", "clear-text-secret"),
        ('{url: "${env:A}", events: [stats]}', "not-one-of"),
        ('{url: "${env:A}", teams: [lerning]}', "unknown-reference"),
        ('{url: "${env:A}", people: [maya]}', "bad-name"),
        ('{url: "${env:A}", evnts: [status]}', "unknown-key"),
        ("{}", "missing-key"),
    ],
)
def test_a_recipient_in_error_leaves_the_others(tmp_path: Path, one: str, code: str) -> None:
    """The mistake is named with its place; the other recipient stays."""
    found = load(tmp_path, notify=f'recipients:\n  bad: {one}\n  good: {{url: "${{env:A}}"}}\n')
    assert [(p.code, p.place.file, p.place.line) for p in found.problems] == [(code, NOTIFY, 2)]
    assert found.plan is not None
    assert list(found.plan.notify.recipients) == ["good"]


def test_the_secret_itself_is_not_repeated(tmp_path: Path) -> None:
    """An error about a secret in clear text does not print it."""
    found = load(tmp_path, notify="recipients:\n  a: {url: json://host/t0ken}\n")
    assert "t0ken" not in samples.shown(found.problems)


def test_access_gives_roles_by_address_domain_and_group(tmp_path: Path) -> None:
    """Grants add up; admins are owners and viewers, and not auditors."""
    found = load(
        tmp_path,
        access="""\
roles:
  viewer: ["@acme.example"]
  owner: [Maya@acme.example]
  auditor: ["group:audit"]
  admin: [root@other.example]
oidc: {issuer: "https://id.acme.example", client_id: okr, client_secret: "${env:S}"}
""",
    )
    assert found.problems == ()
    assert found.plan is not None
    access = found.plan.access
    assert roles_of(access, "tom@acme.example") == {"viewer"}
    assert roles_of(access, "maya@ACME.example") == {"viewer", "owner"}
    assert roles_of(access, "x@else.example", ["audit"]) == {"viewer", "auditor"}
    assert roles_of(access, "root@other.example") == {"viewer", "owner", "admin"}
    assert roles_of(access, "x@acme.example.evil.example") == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('roles: {viewer: ["a b@c"]}', "bad-name"),
        ("roles: {viever: []}", "unknown-key"),
        ('proxy: {secret: "hello"}\nroles: {viewer: ["*"]}', "clear-text-secret"),
        ('proxy: {secret: "${env:P}"}', "no-roles"),
        (PLAIN, "bad-url"),
    ],
)
def test_access_in_error_gives_nobody_anything(tmp_path: Path, text: str, code: str) -> None:
    """The mistake is named, the rest of the plan stands, and no grant is left."""
    found = load(tmp_path, access=text)
    assert [p.code for p in found.problems] == [code]
    assert found.problems[0].scope == "access"
    assert found.plan is not None
    assert found.plan.access.grants == {}
    assert found.plan.key_results


def test_neither_file_takes_part_in_a_score(tmp_path: Path) -> None:
    """Whom to tell and who may look change no definition's body."""
    before = load_project(_sample(tmp_path / "a")).plan
    after = load(tmp_path / "b", notify='recipients:\n  a: {url: "${env:A}"}\n').plan
    assert before is not None
    assert after is not None
    assert object_bodies(before) == object_bodies(after)


def _sample(root: Path) -> Path:
    samples.write(root, samples.FILES)
    return root


@pytest.mark.parametrize("kind", ["notify", "access"])
def test_the_committed_schemas_are_current(kind: str) -> None:
    """The committed file is what the specs generate now."""
    assert committed(kind) == schema_text(json_schemas()[kind])

"""Checkpoints in a bucket of a real S3 server, reached by the machine's own credentials."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3_servers import running_s3
from test_signing import DAYS, checked, command, made

SECRET = "canary-secret-4711"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of an S3 server in this process."""
    with running_s3() as address:
        yield address


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A file system with an empty bucket `audit`; the environment names the server and a key."""
    import fsspec

    monkeypatch.setenv("AWS_ENDPOINT_URL", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "canary-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    system = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    if system.exists("audit"):
        system.rm("audit", recursive=True)
    system.mkdir("audit")
    return system


def test_checkpoints_go_to_a_bucket(
    bucket: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each run adds one object and changes none; `verify --against` compares with all of them."""
    place = "s3://audit/scoreline"
    small = made(tmp_path, place)
    assert command(small, capsys, "run", "--as-of", DAYS[0])[0] == 0
    [first] = bucket.ls("audit/scoreline")
    content = bucket.cat_file(first)
    assert command(small, capsys, "run", "--as-of", DAYS[1])[0] == 0
    bucket.invalidate_cache()
    assert len(bucket.ls("audit/scoreline")) == 2
    assert bucket.cat_file(first) == content
    found = checked(small, place)
    assert (found.findings, found.compared) == ([], 2)
    status, shown = command(small, capsys, "verify", "--against", place)
    assert status == 0, shown


def test_a_changed_object_in_the_bucket_is_found(
    bucket: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A checkpoint that somebody rewrote in the bucket no longer fits its signature."""
    small = made(tmp_path, "s3://audit/kept")
    assert command(small, capsys, "run", "--as-of", DAYS[0])[0] == 0
    [name] = bucket.ls("audit/kept")
    bucket.pipe_file(name, bucket.cat_file(name).replace(b'"height"', b'"heigth"'))
    status, shown = command(small, capsys, "verify", "--against", "s3://audit/kept")
    assert status == 1
    assert "checkpoint" in shown


def test_a_bucket_that_cannot_be_written_loses_nothing(
    bucket: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a server the run is recorded, says so without the secret, and the next one copies."""
    small = made(tmp_path, "s3://audit/late")
    with monkeypatch.context() as gone:
        gone.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        gone.setenv("AWS_MAX_ATTEMPTS", "1")
        status, shown = command(small, capsys, "run", "--as-of", DAYS[0])
    assert status == 3
    assert "warning" in shown
    assert SECRET not in shown
    assert command(small, capsys, "run", "--as-of", DAYS[0])[0] == 0
    assert len(bucket.ls("audit/late")) == 1

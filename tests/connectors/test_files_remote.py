"""Files behind a URL: a real S3 server, a web server and memory, all on loopback."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import workbooks as xl
from remotes import SECRET, Remote, WebFolder
from s3_servers import running_s3

from connectors.base import ObjectRef, State, StreamSpec
from connectors.errors import ConnectorError, OptionError, PermanentError, TransientError
from connectors.files import FilesConnector
from connectors.files.remote import RemotePlace
from connectors.files.remote_failures import RemoteFailures
from connectors.files.remote_signatures import signature_of


@pytest.fixture(scope="module")
def s3_server() -> Iterator[str]:
    """The address of an S3 server in this process."""
    with running_s3() as address:
        yield address


@pytest.fixture
def s3(s3_server: str, tmp_path: Path, request: pytest.FixtureRequest) -> Remote:
    """A bucket of its own for each test."""
    options = {"key": "canary-key-77", "secret": SECRET, "client_kwargs": {}}
    options["client_kwargs"] = {"endpoint_url": s3_server}
    fs = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False, **options)
    bucket = "b" + hashlib.sha256(request.node.name.encode()).hexdigest()[:16]
    fs.mkdir(bucket)
    root = f"s3://{bucket}/exports"
    return Remote(root, options, tmp_path, lambda n, b: fs.pipe_file(f"{root}/{n}", b), fs)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Remote]:
    """A place in memory."""
    fs = fsspec.filesystem("memory")
    yield Remote("memory://lms", {}, tmp_path, lambda n, b: fs.pipe_file(f"/lms/{n}", b), fs)
    fs.rm("/", recursive=True)


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[Remote, WebFolder]]:
    """A folder on a web server."""
    folder = WebFolder()
    server = folder.start()

    def put(name: str, content: bytes) -> None:
        folder.files[f"/exports/{name}"] = content

    yield Remote(f"{folder.url}/exports", {}, tmp_path, put), folder
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["s3", "memory", "web"])
def remote(request: pytest.FixtureRequest) -> Remote:
    """Each place in turn."""
    found = request.getfixturevalue(request.param)
    return found[0] if isinstance(found, tuple) else found


def test_objects_are_found_and_read(remote: Remote) -> None:
    """The same rules as in a folder: order by name, patterns, hidden and unfinished names."""
    for name in ("b.csv", "a/z.csv", "B.csv", ".hidden.csv", "c.txt", "d.csv.part", "a/.x/y.csv"):
        remote.put(name, f"id\n{name}\n".encode())
    assert [r.name for r in remote.discover(glob="**/*.csv").new] == ["B.csv", "a/z.csv", "b.csv"]
    assert [r.name for r in remote.discover(glob="*").new] == ["B.csv", "b.csv", "c.txt"]
    assert [r.name for r in remote.discover(glob="a/*.csv").new] == ["a/z.csv"]
    batch = remote.open("a/z.csv")
    assert batch.reader().read_all().column("id").to_pylist() == ["a/z.csv"]
    receipt = batch.receipt()
    assert receipt.source_identity == f"{remote.root}/a/z.csv"
    assert receipt.sha256 == hashlib.sha256(b"id\na/z.csv\n").hexdigest()
    assert batch.raw_path.read_bytes() == b"id\na/z.csv\n"
    remote.connector.check(StreamSpec("s", {"glob": "*.csv"}))


def test_what_was_read_is_not_read_again(remote: Remote) -> None:
    """Unchanged, changed, and copied objects are told apart, as in a folder."""
    remote.put("a.csv", b"id\n1\n")
    remote.put("b.csv", b"id\n22\n")
    state = remote.after(State(), remote.discover())
    again = remote.discover(state)
    known = again.unchanged + len(again.touched)
    assert (again.new, known) == ((), 2)
    remote.put("a.csv", b"id\n3\n")
    remote.put("c.csv", b"id\n22\n")
    found = remote.discover(state)
    assert [r.name for r in found.new] == ["a.csv"]
    assert [(c.ref.name, c.of) for c in found.copies] == [("c.csv", "b.csv")]


def test_no_match_is_an_error_only_at_first(remote: Remote) -> None:
    """The error lists what is there; later, nothing new is no error."""
    remote.put("other.txt", b"x")
    with pytest.raises(PermanentError, match=r"no file matches '\*\.csv'; .* are: other.txt"):
        remote.discover()
    assert remote.discover(State(digests=frozenset("0"))).new == ()
    with pytest.raises(PermanentError, match=r"no file matches 'gone\.csv'"):
        remote.discover(glob="gone.csv")


def test_a_vanished_object_is_transient(remote: Remote) -> None:
    """An object that is gone between discovery and extraction may be back the next time."""
    remote.put("a.csv", b"id\n1\n")
    with pytest.raises(TransientError, match=r"b\.csv: vanished after it was found"):
        remote.connector.extract(
            StreamSpec("s", {"glob": "*"}), ObjectRef("b.csv", "", 0), remote.work
        )


def test_an_object_of_s3_is_known_by_its_tag(s3: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same contents put again have the same tag: nothing is read, the listing suffices."""
    s3.put("a.csv", b"id\n1\n")
    state = s3.after(State(), s3.discover())
    assert state.objects["a.csv"].signature == "5-bc9280dfc1d4e67233f138f5bbbf0951"
    s3.put("a.csv", b"id\n1\n")
    monkeypatch.setattr(RemotePlace, "_reading", None)
    assert s3.discover(state).unchanged == 1


def test_every_format_comes_from_s3(s3: Remote, tmp_path: Path) -> None:
    """Compressed, columnar, JSON and spreadsheet objects are read like local ones."""
    pq.write_table(pa.table({"id": ["1", "2"]}), tmp_path / "p")
    xl.book(tmp_path / "x", {"S": xl.table(["id"], ["1"], ["2"])})
    objects = {
        "a.csv.gz": gzip.compress(b"id\n1\n2\n"),
        "b.parquet": (tmp_path / "p").read_bytes(),
        "c.xlsx": (tmp_path / "x").read_bytes(),
        "d.json": b'{"data": [{"id": "1"}, {"id": "2"}]}',
    }
    for name, content in objects.items():
        s3.put(name, content)
        more = {"format": "json", "records": "data"} if name == "d.json" else {}
        batch = s3.open(name, **more)
        assert batch.reader().read_all().num_rows == 2
        assert batch.digest == hashlib.sha256(content).hexdigest()


def test_a_large_object_is_streamed(s3: Remote) -> None:
    """An object of several blocks arrives whole and is hashed on the way."""
    content = b"id\n" + b"".join(b"%d\n" % i for i in range(2_500_000))
    s3.put("a.csv", content)
    batch = s3.open("a.csv")
    assert batch.digest == hashlib.sha256(content).hexdigest()
    assert batch.reader().read_all().num_rows == 2_500_000


def test_an_object_that_changes_meanwhile_is_transient(
    s3: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An object that was replaced while it was copied is not taken, and no copy stays."""
    s3.put("a.csv", b"id\n1\n")
    (ref,) = s3.discover().new
    info, calls = RemotePlace._info, []

    def changing(place: RemotePlace, name: str) -> Any:
        calls.append(name)
        if len(calls) == 2:
            s3.put("a.csv", b"id\n2\n")
        return info(place, name)

    monkeypatch.setattr(RemotePlace, "_info", changing)
    with pytest.raises(TransientError, match="changed while it was being copied"):
        s3.connector.extract(StreamSpec("s", {"glob": "*"}), ref, s3.work)
    assert list(s3.work.iterdir()) == []


def test_a_young_object_waits(s3: Remote) -> None:
    """`settle_seconds` goes by the time that the store reports."""
    s3.put("a.csv", b"id\n1\n")
    found = s3.discover(settle_seconds=3600)
    assert (found.new, found.unsettled) == ((), 1)


def test_a_missing_bucket_is_permanent(s3: Remote) -> None:
    """A bucket that does not exist is an error, an empty prefix of one that does is not."""
    s3.put("a.csv", b"id\n1\n")
    seen = State(digests=frozenset("0"))
    s3.root += "/empty"
    assert s3.discover(seen).new == ()
    s3.root = "s3://nowhere-at-all"
    with pytest.raises(PermanentError, match="s3://nowhere-at-all: no such place"):
        s3.discover(seen)


@pytest.mark.parametrize(
    ("status", "kind", "what"),
    [
        (401, PermanentError, "access is refused"),
        (403, PermanentError, "access is refused"),
        (404, PermanentError, "no such place"),
        (408, TransientError, "cannot be reached or read for now"),
        (429, TransientError, "cannot be reached or read for now"),
        (500, TransientError, "cannot be reached or read for now"),
        (503, TransientError, "cannot be reached or read for now"),
    ],
)
def test_statuses_of_a_server(
    web: tuple[Remote, WebFolder], status: int, kind: type[ConnectorError], what: str
) -> None:
    """A refusal needs a person; a server that is busy or broken is asked again later."""
    remote, folder = web
    remote.put("a.csv", b"id\n1\n")
    spec = StreamSpec("s", {"glob": "*.csv"})
    (ref,) = remote.discover().new
    folder.status = status
    with pytest.raises(kind, match=what):
        remote.discover()
    with pytest.raises(ConnectorError) as caught:
        remote.connector.extract(spec, ref, remote.work)
    assert isinstance(caught.value, TransientError) == (kind is TransientError or status == 404)


def test_a_body_cut_short_is_transient(web: tuple[Remote, WebFolder]) -> None:
    """A download that ends too early is not taken for the file."""
    remote, folder = web
    remote.put("a.csv", b"id\n" + b"1\n" * 1000)
    (ref,) = remote.discover().new
    folder.cut = True
    with pytest.raises(TransientError):
        remote.connector.extract(StreamSpec("s", {"glob": "*"}), ref, remote.work)
    assert list(remote.work.iterdir()) == []


def test_a_named_file_needs_no_index(web: tuple[Remote, WebFolder]) -> None:
    """A name without a pattern is asked for by itself; a strong tag settles what is new."""
    remote, folder = web
    remote.put("a.csv", b"id\n1\n")
    folder.tags["/exports/a.csv"] = '"v1"'
    state = remote.after(State(), remote.discover(glob="a.csv"))
    folder.requests.clear()
    assert remote.discover(state, glob="a.csv").unchanged == 1
    assert set(folder.requests) == {"HEAD /exports/a.csv"}
    folder.tags["/exports/a.csv"] = 'W/"v1"'
    assert len(remote.discover(state, glob="a.csv").touched) == 1


def test_an_unreachable_place_is_transient(s3: Remote) -> None:
    """Nobody listens: try again later; no secret is in the text."""
    s3.options["client_kwargs"] = {"endpoint_url": "http://127.0.0.1:1"}
    s3.options["config_kwargs"] = {"retries": {"max_attempts": 0}, "connect_timeout": 1}
    with pytest.raises(TransientError, match="cannot be reached") as caught:
        s3.discover()
    assert SECRET not in str(caught.value)


def test_credentials_that_are_refused() -> None:
    """A wrong secret is permanent, and named without being shown."""
    failures = RemoteFailures("s3", {"client_kwargs": {"token": [SECRET]}})
    wrapped = PermissionError(f"SignatureDoesNotMatch for {SECRET}")
    error = failures.of(wrapped, "s3://x", absent=TransientError("gone"))
    assert isinstance(error, PermanentError)
    assert "access is refused" in str(error)
    assert SECRET not in str(error)


def test_no_secret_is_kept(s3: Remote) -> None:
    """Options of the storage are in no receipt, signature, name or text."""
    s3.put("a.csv", b"id\n1\n")
    batch = s3.open("a.csv")
    batch.reader().read_all()
    shown = f"{batch.receipt().as_dict()} {batch.signature} {batch.raw_path} {batch.origin}"
    assert SECRET not in shown
    assert "canary-key" not in shown
    assert SECRET not in repr(s3.connector.options)


@pytest.mark.parametrize(
    ("url", "package"),
    [("gs://b/x", "gcsfs"), ("abfs://c@a.dfs.core.windows.net/x", "adlfs"), ("s3://b/x", "s3fs")],
)
def test_a_missing_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, package: str
) -> None:
    """Where a URL's kind needs a package that is not there, the error says which."""
    monkeypatch.setitem(sys.modules, package, None)
    registry = sys.modules["fsspec.registry"]._registry
    monkeypatch.delitem(registry, url.partition(":")[0], raising=False)
    connector = FilesConnector({"root": url}, base=tmp_path)
    with pytest.raises(PermanentError, match=f"pip install {package}"):
        connector.discover(StreamSpec("s", {"glob": "*"}), State())


def test_options_that_the_file_system_refuses(tmp_path: Path) -> None:
    """A mistyped storage option, or a scheme that nobody knows, is permanent."""
    for source in (
        {"root": "memory://x", "storage_options": {"skip_instance_cache": True}},
        {"root": "zzz://x"},
    ):
        connector = FilesConnector(source, base=tmp_path)
        with pytest.raises(PermanentError, match="the request is refused"):
            connector.discover(StreamSpec("s", {"glob": "*"}), State())


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ({"root": f"https://me:{SECRET}@host/x"}, "no credentials"),
        ({"root": f"https://{SECRET}@host/x"}, "no credentials"),
        ({"root": f"s3://key:{SECRET}@bucket"}, "no credentials"),
        ({"root": f"https://host/x?sig={SECRET}"}, "without . and #"),
        ({"root": "zip::s3://bucket/a.zip"}, "not a chain"),
        ({"root": "simplecache::s3://bucket"}, "not a chain"),
        ({"root": "file://data/lms"}, "three slashes"),
        ({"root": "data", "storage_options": {"key": SECRET}}, "belong to a root that is a URL"),
        ({"root": "s3://b", "storage_options": SECRET}, "dictionary"),
    ],
)
def test_roots_are_checked(tmp_path: Path, source: dict[str, Any], what: str) -> None:
    """No secret stands in a URL, where it would be shown; nothing of it is repeated."""
    with pytest.raises(OptionError, match=what) as caught:
        FilesConnector(source, base=tmp_path)
    assert SECRET not in str(caught.value)


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    """`file:///…` means the folder, with a folder's rules."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    connector = FilesConnector({"root": f"file://{tmp_path}"}, base=Path("/nowhere"))
    (ref,) = connector.discover(StreamSpec("s", {"glob": "*"}), State()).new
    assert ref.signature.endswith(str(os.stat(tmp_path / "a.csv").st_ino))  # noqa: PTH116


NOW = datetime(2026, 7, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("info", "signature"),
    [
        ({"size": 5, "ETag": '"abc"', "LastModified": NOW}, "5-abc"),
        ({"size": 5, "generation": 17, "updated": "2026-06-01T00:00:00Z"}, "5-17"),
        ({"size": 5, "last_modified": NOW - timedelta(hours=1)}, "5-2026-07-01T09:00:00+00:00"),
        ({"size": 5, "mtime": NOW.timestamp() - 1}, "~5-2026-07-01T09:59:59+00:00"),
        (
            {"size": 5, "ETag": 'W/"1"', "Last-Modified": "Wed, 01 Jul 2026 08:00:00 GMT"},
            "5-2026-07-01T08:00:00+00:00",
        ),
        ({"size": 5}, "~5"),
        ({"size": None, "mtime": "never"}, "~None"),
    ],
)
def test_signatures(info: dict[str, Any], signature: str) -> None:
    """A tag where there is a strong one, else the time; one that proves nothing is marked."""
    assert signature_of(info, NOW) == signature

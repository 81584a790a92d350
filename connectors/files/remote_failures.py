"""What an error of a remote file system means: must a person act, or is trying again enough?

What belongs here: translating whatever fsspec and the libraries below it raise. What does not:
errors of local files (`failures`).

Every library has a tree of its own, none of which is imported here. What they share decides:
Python's own errors, an HTTP status, the name of the class. s3fs hides a status of 5xx behind
`OSError`, and fsspec's HTTP file system any failure behind `FileNotFoundError`; the causes of
an error are therefore looked at, too. An error that nothing is known of counts as transient.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.errors import ConnectorError, PermanentError, TransientError

PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
    "az": "adlfs",
    "http": "aiohttp",
    "https": "aiohttp",
    "sftp": "paramiko",
    "ssh": "paramiko",
    "smb": "smbprotocol",
}
_BUSY = (408, 425, 429)
_REFUSED = (401, 403)
_CREDENTIAL_WORDS = ("credential", "authentication", "unauthorized", "forbidden", "tokenretrieval")
_CUT_SHORT_WORDS = ("payload", "contentlength", "incomplete", "disconnected", "streaming")
_ILLEGAL = (errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.ENAMETOOLONG)
LONGEST = 300


class RemoteFailures:
    """Translates errors of one file system; nothing of its options gets into a text."""

    def __init__(self, protocol: str, options: Mapping[str, Any]) -> None:
        self._protocol = protocol
        self._secrets = sorted(_texts(options), key=len, reverse=True)

    def of(self, error: Exception, where: str, *, absent: ConnectorError) -> ConnectorError:
        """The error to raise in place of `error`.

        Args:
            error: what was raised.
            where: the object or place, for people.
            absent: what to raise where there is no such object.
        """
        chain = list(_causes(error))
        status = next((s for e in chain if (s := _status(e)) is not None), None)
        if isinstance(error, ImportError):
            return self._missing_package(error, where)
        if _is_refused(chain, status):
            return PermanentError(
                f"access is refused: {self._text(error)}",
                where=where,
                do="Check the credentials in storage_options (or those of this machine) and "
                "what they are allowed to read and list",
            )
        broken = _named(chain, _CUT_SHORT_WORDS)  # aiohttp gives such an error the status 400
        if broken or (status is not None and (status in _BUSY or status >= 500)):
            return self._transient(error, where)
        if status == 404 or _is_absent(chain, status):
            return absent
        if status is not None or _is_illegal(error):
            return PermanentError(
                f"the request is refused: {self._text(error)}",
                where=where,
                do="Check the options root and storage_options",
            )
        return self._transient(error, where)

    def _transient(self, error: Exception, where: str) -> TransientError:
        return TransientError(
            f"cannot be reached or read for now: {self._text(error)}", where=where, do="Run again"
        )

    def _missing_package(self, error: Exception, where: str) -> PermanentError:
        package = PACKAGES.get(self._protocol)
        do = f"Install it beside Scoreline: pip install {package}" if package else ""
        what = f"reading {self._protocol}:// needs the package {package}, which is not installed"
        return PermanentError(what if package else self._text(error), where=where, do=do)

    def _text(self, error: Exception) -> str:
        """The error's first line, without any value of the options."""
        text = " ".join(str(error).split()) or "no reason given"
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return f"{type(error).__name__}: {text[:LONGEST]}".rstrip(" .")


def is_plainly_absent(error: Exception) -> bool:
    """Whether something is said to be absent, and no answer of a server stands behind it."""
    chain = list(_causes(error))
    return _is_absent(chain, next((s for e in chain if (s := _status(e)) is not None), None))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from, at most eight."""
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__


def _status(error: BaseException) -> int | None:
    """The HTTP status in an error of aiohttp, requests, botocore, gcsfs or azure-core."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    else:
        values = (getattr(error, name, None) for name in ("status", "status_code", "code"))
        found = next((v for v in values if isinstance(v, int)), None)
        if found is None:
            found = getattr(response, "status_code", None)
    return found if isinstance(found, int) and 400 <= found < 600 else None


def _is_refused(chain: list[BaseException], status: int | None) -> bool:
    told = _named(chain, _CREDENTIAL_WORDS) or any(isinstance(e, PermissionError) for e in chain)
    return told or status in _REFUSED


def _named(chain: list[BaseException], words: tuple[str, ...]) -> bool:
    """Whether one of the words is in the name of an error's class."""
    names = " ".join(type(e).__name__.lower() for e in chain)
    return any(word in names for word in words)


def _is_absent(chain: list[BaseException], status: int | None) -> bool:
    """A file that is said to be absent, and no other reason stands behind it."""
    if status is not None or not isinstance(chain[0], FileNotFoundError):
        return False
    return all(isinstance(e, FileNotFoundError | KeyError) for e in chain)


def _is_illegal(error: Exception) -> bool:
    if isinstance(error, TimeoutError | ConnectionError):
        return False
    if isinstance(error, OSError):
        return error.errno in _ILLEGAL
    name = type(error).__name__
    return isinstance(error, ValueError | TypeError | NotImplementedError) or name in (
        "ParamValidationError",
        "InvalidURL",
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text of four characters or more in the options: each may be a secret."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str) and len(value) >= 4:
        yield value

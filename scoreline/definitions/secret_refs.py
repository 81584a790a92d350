"""Secrets in definitions: only as quoted references, never in clear text.

What belongs here: finding values that look like a secret and references that are not
well formed. What does not: resolving a reference (wiring does, when a connector starts).
"""

from __future__ import annotations

import re
from typing import Any

from scoreline.definitions.documents import Path, YamlNumber
from scoreline.definitions.findings import Entry

LEGAL = '"${env:NAME}" or "${file:PATH}"'
REFERENCE = re.compile(r"\$\{(?:env:[A-Za-z_][A-Za-z0-9_]*|file:[^{}$\x00-\x1f]+)\}")
_SECRET_WORDS = (
    "token", "password", "passwd", "passphrase", "secret", "apikey", "privatekey", "accesskey",
    "authorization", "credential", "credentials", "bearer",
)  # fmt: skip
_NOT_SECRET = ("tokenurl", "tokenendpoint", "tokenpath", "tokentype", "tokenparameter")
_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/\s:@]*:([^/\s@]+)@")


def is_reference(text: str) -> bool:
    """Whether `text` is one whole, well-formed reference."""
    return bool(REFERENCE.fullmatch(text))


def check_secrets(entry: Entry, value: Any, *path: str | int) -> None:
    """Report clear-text secrets and malformed references in `value` and all it holds.

    Args:
        entry: the object that the options belong to.
        value: the options as read, numbers still as written.
        path: where they stand inside the object.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            check_secrets(entry, item, *path, key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_secrets(entry, item, *path, index)
    elif isinstance(value, str | YamlNumber):
        text = value if isinstance(value, str) else value.text
        _check_text(entry, text, path)


def check_reference(entry: Entry, text: str, *path: str | int) -> None:
    """Report a value that must be a reference and is not one."""
    if not is_reference(text):
        message = "a secret reference is expected, never the secret itself"
        hint = "put the secret into an environment variable or a file"
        entry.error("clear-text-secret", message, *path, found="***", legal=LEGAL, hint=hint)
    elif _is_unquoted(entry, path):
        _unquoted(entry, text, path)


def _check_text(entry: Entry, text: str, path: Path) -> None:
    rest = REFERENCE.sub("", text)
    in_url = _IN_URL.search(text)
    has_reference = rest != text
    key = next((p for p in reversed(path) if isinstance(p, str)), "")
    if "${" in rest:
        message = "this is not a well-formed reference"
        entry.error("bad-reference", message, *path, legal=LEGAL, found=f"{key}: …")
    elif has_reference and _is_unquoted(entry, path):
        _unquoted(entry, text, path)
    elif text and _is_secret_key(key) and not has_reference:
        _clear_text(entry, f"{key}: ***", path)
    elif in_url and not REFERENCE.fullmatch(in_url[1]):
        _clear_text(entry, f"{key}: …:***@…", path)


def _clear_text(entry: Entry, found: str, path: Path) -> None:
    message = "a secret stands here in clear text"
    hint = "put it into an environment variable or a file, and change it: it was written down"
    entry.error("clear-text-secret", message, *path, found=found, legal=LEGAL, hint=hint)


def _unquoted(entry: Entry, text: str, path: Path) -> None:
    message = "a reference must be quoted"
    entry.error("quote-it", message, *path, found=text, legal=LEGAL, hint=f'write "{text}"')


def _is_unquoted(entry: Entry, path: Path) -> bool:
    mark = entry.document.marks.get((*entry.path, *path))
    return bool(mark and mark.is_plain)


def _is_secret_key(key: str) -> bool:
    word = re.sub(r"[^a-z0-9]", "", key.lower())
    return word.endswith(_SECRET_WORDS) and word not in _NOT_SECRET

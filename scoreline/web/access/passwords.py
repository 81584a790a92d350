"""Passwords as salted scrypt hashes.

What belongs here: hashing and comparing. What does not: where hashes are kept (store).

The text is `scrypt$<n>$<r>$<p>$<salt>$<hash>` (both in hexadecimal), so that stronger
parameters can come later; 32 MiB and about a tenth of a second each (RFC 7914).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from threading import BoundedSemaphore

from scoreline.core.errors import UsageError

SHORTEST, LONGEST = 12, 1024
"""How many characters a password has."""

_N, _R, _P = 2**15, 8, 3
_SIZE = 32
_AT_ONCE = BoundedSemaphore(2)  # each takes 32 MiB: a flood of logins must not take more


def hash_password(password: str) -> str:
    """The salted hash of a password.

    Raises:
        UsageError: it is too short or too long.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise UsageError(f"a password has {SHORTEST} to {LONGEST} characters")
    salt = secrets.token_bytes(16)
    found = _scrypt(password, salt, _N, _R, _P)
    return f"scrypt${_N}${_R}${_P}${salt.hex()}${found.hex()}"


def is_password(password: str, kept: str) -> bool:
    """Whether a password is the one of a hash; the time taken says nothing of either."""
    if len(password) > LONGEST:
        return False
    kind, n, r, p, salt, expected = kept.split("$")
    found = _scrypt(password, bytes.fromhex(salt), int(n), int(r), int(p))
    return kind == "scrypt" and hmac.compare_digest(found, bytes.fromhex(expected))


def is_nobodys(password: str) -> bool:
    """As `is_password` for a user that does not exist: false, after the same work."""
    return is_password(password, _NOBODY) and False


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    with _AT_ONCE:
        return hashlib.scrypt(
            password.encode(), salt=salt, n=n, r=r, p=p, maxmem=2**27, dklen=_SIZE
        )


_NOBODY = f"scrypt${_N}${_R}${_P}${'00' * 16}${'00' * _SIZE}"

"""Signed checkpoints: Ed25519 over what names a block, and so everything before it.

What belongs here: keys, what exactly is signed, checking a signature. What does not: where
keys and checkpoints lie (steps, places), the ledger itself (store).

    checkpoint  {"checkpoint": 1, "ledger", "height", "block", "recorded_at", "key"}
    endorsement {"endorsement": 1, "key", "public_key", "by"}

Each is signed as its canonical JSON (RFC 8785). `ledger` is the digest of block 1, which
tells one project's ledger from another's; `block` the digest of block `height`; a block's
digest covers its records and the block before it (scoreline.store.ledger). Whoever has a
checkpoint can check it with the public key alone, and notices any later change to the
first `height` blocks.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from scoreline.core.digests import canonical
from scoreline.core.errors import UsageError
from scoreline.core.records import SigningKey

FORM = 1
"""The version of what is signed."""

_SEED = re.compile(r"[0-9a-fA-F]{64}")


class PrivateKey:
    """A private key; never printed, never stored in the control store."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"PrivateKey({self.id})"

    @staticmethod
    def new() -> PrivateKey:
        """A key from the operating system's random source."""
        return PrivateKey(Ed25519PrivateKey.generate())

    @staticmethod
    def parse(text: str) -> PrivateKey:
        """The key of a PEM text (PKCS 8, without a password) or of 64 hexadecimal digits.

        Raises:
            UsageError: it is neither; the text is not repeated.
        """
        plain = text.strip()
        if _SEED.fullmatch(plain):
            return PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(plain)))
        try:
            found = serialization.load_pem_private_key(plain.encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            found = None
        if not isinstance(found, Ed25519PrivateKey):
            raise UsageError(
                "the signing key cannot be read: legal are an Ed25519 key as PEM without a "
                "password (`openssl genpkey -algorithm ed25519`) or 64 hexadecimal digits"
            )
        return PrivateKey(found)

    def pem(self) -> str:
        """The key as PEM, for its file."""
        return self._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def public(self) -> str:
        """The public key's 32 bytes in hexadecimal."""
        return self._key.public_key().public_bytes_raw().hex()

    @property
    def id(self) -> str:
        """The name of the key: see `key_id`."""
        return key_id(self.public)

    def sign(self, body: dict[str, Any]) -> str:
        """The signature of a body's canonical bytes, in hexadecimal."""
        return self._key.sign(canonical(body)).hex()


def key_id(public: str) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of a public key's 32 bytes."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:16]


def public_pem(public: str) -> str:
    """A public key as PEM, as `openssl pkeyutl -verify -pubin` reads it."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def is_signed(body: dict[str, Any], signature: str, public: str) -> bool:
    """Whether a signature is that key's over the body's canonical bytes."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(bytes.fromhex(signature), canonical(body))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A block named and signed: see the module's head. Digests and keys in hexadecimal."""

    ledger: str
    height: int
    block: str
    recorded_at: str
    key: str
    public_key: str
    signature: str

    @property
    def name(self) -> str:
        """The name of its file: sorts by height, and names the block."""
        return f"checkpoint-{self.height:09d}-{self.block[:12]}.json"

    def signed(self) -> dict[str, Any]:
        """What the signature is over."""
        return checkpoint_body(self.ledger, self.height, self.block, self.recorded_at, self.key)

    def is_valid(self) -> bool:
        """Whether it is signed by the key that it names."""
        try:
            named = key_id(self.public_key)
        except ValueError:
            return False
        return named == self.key and is_signed(self.signed(), self.signature, self.public_key)

    def text(self) -> str:
        """Its file: one JSON object on one line."""
        more = {"public_key": self.public_key, "signature": self.signature}
        return canonical({**self.signed(), **more}).decode() + "\n"

    @staticmethod
    def parse(text: str) -> Checkpoint:
        """The checkpoint of a file's text.

        Raises:
            ValueError: it is none; says what is wrong.
        """
        body = json.loads(text)
        if not isinstance(body, dict) or body.pop("checkpoint", None) != FORM:
            raise ValueError(f"it is no checkpoint of form {FORM}")
        try:
            found = Checkpoint(**body)
        except TypeError:
            raise ValueError("it lacks a field of a checkpoint, or has one too many") from None
        texts = (found.ledger, found.block, found.recorded_at, found.key, found.public_key)
        if not isinstance(found.height, int) or not all(isinstance(t, str) for t in texts):
            raise ValueError("a field of it has the wrong type")
        return found


def checkpoint_body(
    ledger: str, height: int, block: str, recorded_at: str, key: str
) -> dict[str, Any]:
    """What a checkpoint's signature is over."""
    return {
        "checkpoint": FORM,
        "ledger": ledger,
        "height": height,
        "block": block,
        "recorded_at": recorded_at,
        "key": key,
    }


def endorsement_body(key: SigningKey) -> dict[str, Any]:
    """What the earlier key signs to endorse the one that follows it."""
    return {
        "endorsement": FORM,
        "key": key.key,
        "public_key": key.public_key,
        "by": key.endorsed_by,
    }


def is_endorsed(key: SigningKey, by: SigningKey) -> bool:
    """Whether the earlier key signed the later one."""
    return (
        key.endorsed_by == by.key
        and key.endorsement is not None
        and is_signed(endorsement_body(key), key.endorsement, by.public_key)
    )

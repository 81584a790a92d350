"""Signing: the newest block after each command that writes, and the keys that sign.

What belongs here: where private keys lie, signing and copying a checkpoint, new keys. What
does not: what is signed (audit.signing), where copies go to and how (audit.places).

A signature that cannot be made, or a copy that cannot be written, never loses a run: it is
said loudly, the command ends with exit status 3, and the next command tries again.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from scoreline.audit.places import PlaceError, write_checkpoint
from scoreline.audit.signing import Checkpoint, PrivateKey, endorsement_body
from scoreline.core.durable import write_whole
from scoreline.core.errors import ScorelineError, UsageError
from scoreline.core.records import SigningKey
from scoreline.store.rows import LedgerBlock
from scoreline.store.store import ControlStore

_PREFIX, _SUFFIX = "signing-", ".pem"


@dataclass(frozen=True, slots=True)
class Signer:
    """What signs a project's ledger.

    Attributes:
        store: the control store.
        keys: the folder of the project's own keys.
        now: the clock.
        secret: gives the text of the private key that organisation.yaml refers to; None
            where the project's own key signs.
        place: the folder or URL that checkpoints are copied to; None without one.
    """

    store: ControlStore
    keys: Path
    now: Callable[[], datetime]
    secret: Callable[[], str] | None = None
    place: str | None = None

    def sign_newest(self) -> str | None:
        """Sign the newest block where it is not, and copy its checkpoint to the second place.

        Returns:
            What went wrong, in words; None if nothing did.
        """
        try:
            return self._sign_newest()
        except (ScorelineError, OSError) as error:
            return f"the newest ledger block is not signed: {error}"

    def _sign_newest(self) -> str | None:
        newest = self.store.newest_block()
        if newest is None:
            return None
        if newest.signature is not None:
            return self._copy_again(newest, newest.signature)
        key = self.current()
        newest = self.store.newest_block() or newest  # recording the first key made one
        checkpoint = self._checkpoint(newest, key.id, key.public)
        checkpoint = replace(checkpoint, signature=key.sign(checkpoint.signed()))
        self._note(checkpoint)
        return self._copy(checkpoint)

    def _checkpoint(self, block: LedgerBlock, key: str, public: str) -> Checkpoint:
        """A block's checkpoint, not signed yet."""
        ledger = self.store.first_block() or block.digest
        at = block.recorded_at
        return Checkpoint(ledger, block.height, block.digest, at, key, public, "")

    def _note(self, checkpoint: Checkpoint, copied_to: str | None = None) -> None:
        self.store.note_checkpoint(
            checkpoint.height,
            signature=checkpoint.signature,
            key_id=checkpoint.key,
            copied_to=copied_to,
        )

    def _copy_again(self, block: LedgerBlock, signature: str) -> str | None:
        """Copy the checkpoint of a block that was signed when the second place refused."""
        key = next((k.key for k in self.store.signing_keys() if k.key.key == block.key_id), None)
        if self.place is None or block.copied_to is not None or key is None:
            return None
        made = self._checkpoint(block, key.key, key.public_key)
        return self._copy(replace(made, signature=signature))

    def _copy(self, checkpoint: Checkpoint) -> str | None:
        if self.place is None:
            return None
        try:
            self._note(checkpoint, write_checkpoint(self.place, checkpoint))
        except PlaceError as error:
            return (
                f"the checkpoint of block {checkpoint.height} could not be written to "
                f"{self.place}: {error}; everything is recorded and signed here, and the next "
                "command that works on the project tries again"
            )
        return None

    def current(self) -> PrivateKey:
        """The private key that signs now; the first one is made and recorded if there is none.

        Raises:
            UsageError: it is not there, or is another than the ledger names.
        """
        recorded = self.store.signing_keys()
        if recorded:
            return self._private(recorded[-1].key.key)
        key = self._given() or _left_over(self.keys) or _made(self.keys)
        self._record(key, "the first key", None, None)
        return key

    def _private(self, wanted: str) -> PrivateKey:
        """The private half of a recorded key."""
        key = self._given() or _read(_file(self.keys, wanted))
        if key is None:
            raise UsageError(
                f"the private key {wanted} is not in {self.keys}: restore it from a backup, name "
                "it by reference (`checkpoints: {key: …}` in organisation.yaml), or, where it is "
                "lost, begin with another one: `scoreline keys new --reason …`"
            )
        if key.id != wanted:
            raise UsageError(
                f"organisation.yaml refers to the key {key.id}, the ledger names {wanted}: "
                "`scoreline keys rotate --old REFERENCE --reason …` records the new one"
            )
        return key

    def new(self, reason: str, who: str | None = None) -> SigningKey:
        """Make the first key; or one that no earlier key endorses, where that one is lost.

        Raises:
            UsageError: the present key is at hand, so that it can endorse: rotate.
        """
        recorded = self.store.signing_keys()
        if recorded and self._at_hand(recorded[-1].key.key):
            raise UsageError(
                f"the key {recorded[-1].key.key} is in force and at hand: `scoreline keys rotate` "
                "lets it endorse the next one"
            )
        return self._record(self._given() or _made(self.keys), reason, None, who)

    def _at_hand(self, key: str) -> bool:
        try:
            return self._private(key).id == key
        except UsageError:
            return False

    def rotate(
        self, reason: str, old: PrivateKey | None = None, who: str | None = None
    ) -> SigningKey:
        """Take another key, endorsed by the one in force.

        Args:
            reason: why.
            old: the key in force, where organisation.yaml refers to the new one already.
            who: who does it; the login if None.

        Raises:
            UsageError: there is no key yet, or the one in force is not at hand.
        """
        recorded = self.store.signing_keys()
        if not recorded:
            raise UsageError("nothing is signed yet: a run, or `scoreline keys new`, makes a key")
        given, wanted = self._given(), recorded[-1].key.key
        if given is not None and given.id == wanted:
            raise UsageError(
                f"organisation.yaml refers to the key in force ({wanted}): let it refer to the new "
                "one, and name this one with --old REFERENCE"
            )
        before = old or self._private(wanted)
        if before.id != wanted:
            raise UsageError(f"--old is the key {before.id}; the one in force is {wanted}")
        return self._record(given or _made(self.keys), reason, before, who)

    def _record(
        self, key: PrivateKey, reason: str, endorser: PrivateKey | None, who: str | None
    ) -> SigningKey:
        """Record a key, endorsed by the earlier one where that is given."""
        by = endorser.id if endorser else None
        made = SigningKey(key.id, key.public, who or getpass.getuser(), reason, by)
        if endorser is not None:
            made = replace(made, endorsement=endorser.sign(endorsement_body(made)))
        self.store.add_key(made, self.now())
        return made

    def _given(self) -> PrivateKey | None:
        """The key that organisation.yaml refers to, if it refers to one."""
        return None if self.secret is None else PrivateKey.parse(self.secret())


def _left_over(folder: Path) -> PrivateKey | None:
    """A key that was made when the command was cut short before it was recorded."""
    files = sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}"))
    return _read(files[0]) if files else None


def _file(folder: Path, key: str) -> Path:
    return folder / f"{_PREFIX}{key}{_SUFFIX}"


def _read(path: Path) -> PrivateKey | None:
    return PrivateKey.parse(path.read_text()) if path.exists() else None


def _made(folder: Path) -> PrivateKey:
    """A new key in its file, readable by its owner only: written aside, synced, renamed."""
    key = PrivateKey.new()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = _file(folder, key.id)
    write_whole(target, key.pem(), 0o600)
    return key

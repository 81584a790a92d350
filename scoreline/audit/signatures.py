"""Checking signatures: the ledger's own, and checkpoints that lie somewhere else.

What belongs here: which key may sign which block, what an older checkpoint proves. What
does not: hashes and the chain (store), the arithmetic of a signature (signing).

A ledger that was cut short, or rewritten and signed anew with the same key, is whole in
itself: only a checkpoint that its rewriter could not reach contradicts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from scoreline.audit.places import read_checkpoints
from scoreline.audit.signing import Checkpoint, checkpoint_body, is_endorsed, is_signed, key_id
from scoreline.core.errors import UsageError
from scoreline.store.rows import LedgerBlock, StoredKey
from scoreline.store.store import ControlStore

Finding = tuple[str, str]


@dataclass(slots=True)
class Signatures:
    """What signatures prove: up to which block, by which keys; what is wrong with them.

    `notes` are no findings, but what an auditor has to know.
    """

    signed: int = 0
    newest: int = 0
    keys: Sequence[StoredKey] = ()
    compared: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def check_signatures(store: ControlStore, against: Sequence[str], busy: bool) -> Signatures:
    """Check every signature, and the checkpoints that lie at the places of `against`.

    Args:
        store: the control store.
        against: files, folders or URLs with checkpoints.
        busy: whether another process is at work: it may not have signed yet.

    Returns:
        What was found; a place that cannot be read is a finding.
    """
    blocks, keys = store.blocks(), store.signing_keys()
    found = Signatures(keys=keys, newest=blocks[-1].height if blocks else 0)
    found.findings += _keys(keys, found.notes)
    by_id = {k.key.key: k for k in keys}
    for block in blocks:
        if block.signature is not None:
            found.signed = block.height
            found.findings += _block(block, blocks[0].digest, keys, by_id)
    found.findings += _tail(found, blocks, busy)
    for place in against:
        found.findings += _place(place, blocks, by_id, found)
    return found


def _keys(keys: Sequence[StoredKey], notes: list[str]) -> Iterator[Finding]:
    """Each key names itself, and the one before it endorses it."""
    for n, stored in enumerate(keys):
        key, place = stored.key, f"key {stored.key.key}"
        if not _names_itself(stored):
            yield place, "its id is not that of its public key"
        if n == 0:
            continue
        if key.endorsed_by is None:
            notes.append(
                f"{place} was not endorsed by the key before it: {key.who} gave as reason: "
                f"{key.reason}; ask who held the earlier key"
            )
        elif not is_endorsed(key, keys[n - 1].key):
            yield place, f"the key {keys[n - 1].key.key} before it did not sign its endorsement"


def _names_itself(stored: StoredKey) -> bool:
    try:
        return key_id(stored.key.public_key) == stored.key.key
    except ValueError:
        return False


def _block(
    block: LedgerBlock, ledger: str, keys: Sequence[StoredKey], by_id: Mapping[str, StoredKey]
) -> Iterator[Finding]:
    """A block's signature is that of the key in force."""
    place = f"ledger block {block.height}"
    stored = by_id.get(block.key_id or "")
    if stored is None:
        yield place, f"is signed by the key {block.key_id}, which the ledger does not know"
        return
    body = checkpoint_body(ledger, block.height, block.digest, block.recorded_at, stored.key.key)
    if not is_signed(body, block.signature or "", stored.key.public_key):
        yield place, f"its signature is not that of the key {stored.key.key}"
    in_force = [k for k in keys if k.height <= block.height]
    if not in_force or in_force[-1].key.key != stored.key.key:
        yield place, f"is signed by the key {stored.key.key}, which was not in force"


def _tail(found: Signatures, blocks: Sequence[LedgerBlock], busy: bool) -> Iterator[Finding]:
    """The newest block is signed; one command may be at work, or have been cut short."""
    open_blocks = len(blocks) - found.signed
    if not open_blocks or not blocks:
        return
    if not found.keys:
        found.notes.append("nothing is signed yet: the next run makes a key and signs")
        return
    words = (
        f"{open_blocks} {'block' if open_blocks == 1 else 'blocks'} after the newest signature "
        f"(block {found.signed}) {'is' if open_blocks == 1 else 'are'} not signed"
    )
    if busy:
        found.notes.append(f"{words}: a command is at work and signs when it ends")
    else:
        words += "; a command that was cut short leaves it so, and the next run signs it"
        yield f"ledger block {blocks[-1].height}", f"{words}: run, then verify again"


def _place(
    place: str, blocks: Sequence[LedgerBlock], by_id: Mapping[str, StoredKey], found: Signatures
) -> Iterator[Finding]:
    try:
        checkpoints = read_checkpoints(place)
    except UsageError as error:
        yield place, str(error)
        return
    present = set()
    for name, checkpoint in checkpoints.items():
        if isinstance(checkpoint, str):
            yield f"{place} {name}", checkpoint
            continue
        found.compared += 1
        present.add(checkpoint.height)
        for words in _compared(checkpoint, blocks, by_id):
            yield f"{place} {name}", words
    for block in blocks:
        prefix = f"{place.rstrip('/')}/"
        if (block.copied_to or "").startswith(prefix) and block.height not in present:
            yield place, f"the checkpoint of block {block.height} was written here and is gone"


def _compared(
    checkpoint: Checkpoint, blocks: Sequence[LedgerBlock], by_id: Mapping[str, StoredKey]
) -> Iterator[str]:
    """What a checkpoint that lies elsewhere says against the ledger."""
    if not checkpoint.is_valid():
        yield "its signature is not valid: it was changed, or never was a checkpoint"
        return
    if not blocks or checkpoint.ledger != blocks[0].digest:
        yield (
            "the ledger does not begin with the block that this checkpoint names: it is another "
            "project's ledger, or was written anew"
        )
        return
    if checkpoint.height > len(blocks):
        yield (
            f"it signs block {checkpoint.height} of {checkpoint.recorded_at}; the ledger ends at "
            f"block {len(blocks)}: {checkpoint.height - len(blocks)} blocks were cut off"
        )
        return
    if blocks[checkpoint.height - 1].digest != checkpoint.block:
        yield (
            f"the ledger has another block {checkpoint.height} than was signed on "
            f"{checkpoint.recorded_at}: what was recorded until then was rewritten"
        )
    if checkpoint.key not in by_id:
        yield f"the ledger does not know the key {checkpoint.key} that signed it: it was replaced"

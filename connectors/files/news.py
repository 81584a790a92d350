"""Which files are new, given what was read before.

What belongs here: the rule. What does not: listing files and reading them (places).

A file is unchanged if its signature equals the one recorded for its name, and that one can be
trusted. Otherwise its SHA-256 decides: equal to the last one seen under this name, it is
unchanged; a new name with contents that the stream already received is a copy; anything else
is new, also contents that a name had before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from connectors.base import CopiedObject, Discovery, ObjectRef, SeenObject, State
from connectors.files.places import Found

FRESH = "~"


def same_signature(recorded: str, present: str) -> bool:
    """Whether the recorded signature proves that the file is the same.

    One that begins with ``~`` proves nothing: it was taken too soon after a change.
    """
    return not recorded.startswith(FRESH) and recorded == present.removeprefix(FRESH)


def what_is_new(files: Sequence[Found], state: State, digest: Callable[[str], str]) -> Discovery:
    """Applies the rule; `digest` reads a file, by name, where its signature settles nothing.

    Raises:
        ConnectorError: a file cannot be read.
    """
    changed = [f for f in files if not _known(f, state)]
    sizes = Counter(file.size for file in changed)
    received = {seen.digest: seen.name for seen in state.objects.values()}
    pending: dict[str, str] = {}
    new: list[ObjectRef] = []
    touched: list[SeenObject] = []
    copies: list[CopiedObject] = []
    for file in changed:
        last = state.objects.get(file.name)
        alone = sizes[file.size] == 1 and not (sizes[None] and len(changed) > 1)
        needed = last is not None or bool(state.digests) or not alone
        known = digest(file.name) if needed else None
        ref = ObjectRef(file.name, file.signature, file.size, known)
        if last is not None and last.digest == known:
            touched.append(SeenObject(file.name, last.digest, file.signature))
        elif last is None and known is not None and known in state.digests:
            copies.append(CopiedObject(ref, received.get(known, "")))
        elif last is None and known is not None and known in pending:
            copies.append(CopiedObject(ref, pending[known], pending=True))
        else:
            new.append(ref)
            if known is not None:
                pending.setdefault(known, file.name)
    return Discovery(tuple(new), tuple(touched), tuple(copies), len(files) - len(changed))


def _known(file: Found, state: State) -> bool:
    last = state.objects.get(file.name)
    return last is not None and same_signature(last.signature, file.signature)

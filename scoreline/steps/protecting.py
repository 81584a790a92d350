"""What personal values of a stream go through: the keys in force, and who was forgotten.

What belongs here: putting together what the record and the project's keys say, and refusing
to write where they do not agree. What does not: hashing (warehouse), keeping keys (wiring).
"""

from __future__ import annotations

from scoreline.core.errors import UsageError
from scoreline.core.model import Stream
from scoreline.steps.project import Project
from scoreline.warehouse.personal import Protection, key_id


def protection(project: Project, stream: Stream) -> Protection:
    """What the stream's values go through before anything is written.

    Raises:
        UsageError: the keys are not those that stored rows were made with, or people were
            forgotten and the key of their marks is not there.
    """
    keys = active_keys(project) if has_pseudonyms(stream) else ()
    forgotten: dict[str, set[str]] = {}
    mark_key = project.keyring.marks() or b""
    for entry in project.store.forgotten(stream.full_name):
        if not mark_key or key_id(mark_key) != entry.forgetting.key:
            raise UsageError(
                f"{stream.full_name}: people were forgotten in it, and the key that tells their "
                "rows (.scoreline/keys/marks.key) is missing or another one: restore it from a "
                "backup; nothing is read until then, so that nobody comes back"
            )
        forgotten.setdefault(entry.forgetting.column, set()).add(entry.forgetting.mark)
    return Protection(keys, mark_key, {name: frozenset(m) for name, m in forgotten.items()})


def has_pseudonyms(stream: Stream) -> bool:
    """Whether a column of the stream is stored as pseudonyms."""
    return any(c.personal == "pseudonym" for c in stream.columns)


def active_keys(project: Project) -> tuple[bytes, ...]:
    """The keys that pseudonyms are made with, in the order of their use.

    Raises:
        UsageError: they are not those that the record names.
    """
    available, recorded = project.keyring.pseudonyms(), project.store.pseudonym_keys()
    if recorded is None:
        return available
    keys = available[: len(recorded)]
    if tuple(map(key_id, keys)) != recorded:
        raise UsageError(
            "the key of pseudonyms is not the one that the stored rows were made with: with "
            "another, the same person would count as another one; put the former key back "
            "(organisation.yaml: personal.key, or .scoreline/keys), and change it with "
            "`scoreline keys pseudonym rotate`"
        )
    return keys


def note_keys(project: Project, keys: tuple[bytes, ...]) -> None:
    """Have the keys in the record from their first use on."""
    if keys and project.store.pseudonym_keys() is None:
        project.store.note_pseudonym_keys([key_id(k) for k in keys], "first use", "scoreline")

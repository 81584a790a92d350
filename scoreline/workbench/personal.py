"""Which columns look as if they were about a person, by name and by values.

What belongs here: the guess, and what is proposed for it. What does not: pseudonyms
themselves (warehouse). A person decides; a guess that is wrong costs a line.
"""

from __future__ import annotations

from typing import Literal

from scoreline.warehouse.profiles import ColumnProfile
from scoreline.workbench.naming import words

Treatment = Literal["keep", "pseudonym", "drop"]
_SECRET = {"password", "passwort", "passwd", "pin", "secret", "token"}
_CONTACT = {"phone", "mobile", "telephone", "street", "address", "iban", "ssn", "passport", "fax"}
_BIRTH = {"birthday", "birthdate", "dob"}
_MAIL = {"email", "mail"}
_NAMES = {"firstname", "lastname", "surname", "fullname", "forename"}
_NAME_PARTS = {"first", "last", "full", "given", "family", "middle", "maiden", "preferred"}
_PEOPLE = {
    "user", "username", "login", "learner", "student", "employee", "staff", "person", "member",
    "participant", "agent", "owner", "assignee", "manager", "teacher", "coach", "instructor",
    "trainer", "contact", "actor", "author", "reviewer", "requester", "applicant", "patient",
}  # fmt: skip
_NOT_PEOPLE = {
    "type", "kind", "role", "count", "status", "group", "team", "level", "class", "number", "num",
    "time", "date", "at", "on", "rate", "share", "segment", "department", "title", "attempts",
}  # fmt: skip
_ABOUT = {"gender", "sex", "age", "nationality", "religion", "disability", "ethnicity", "birth",
          "health", "marital", "salary", "imd"}  # fmt: skip


def treatment(name: str, profile: ColumnProfile, others: frozenset[str]) -> tuple[Treatment, str]:
    """What is proposed for a column, and why; `others` are the words of the other columns."""
    found = words(name)
    if found & _SECRET:
        return "drop", "looks like a secret: dropped"
    if profile.is_boolean or (found & _NOT_PEOPLE and not found & _MAIL):
        return _about(found)
    if profile.emails * 2 > profile.filled > 0 or (found & _MAIL and profile.filled == 0):
        return "pseudonym", "e-mail addresses: a pseudonym still joins and counts"
    if (found & _CONTACT and "ip" not in found) or found & _BIRTH or {"birth", "date"} <= found:
        return "drop", "about a person, and no score needs it: dropped"
    if profile.addresses * 2 > profile.filled > 0:
        return "drop", "network addresses of people: dropped"
    if _is_name(found):
        return _name(found, others)
    if found & _PEOPLE:
        return "pseudonym", "looks like a person: a pseudonym still joins and counts"
    return _about(found)


def _about(found: frozenset[str]) -> tuple[Treatment, str]:
    if found & _ABOUT:
        return "keep", "describes a person: personal: drop, unless a score needs it"
    return "keep", ""


def _is_name(found: frozenset[str]) -> bool:
    is_part = "name" in found and bool(found & _NAME_PARTS)
    return bool(found & _NAMES) or is_part or found == {"name"}


def _name(found: frozenset[str], others: frozenset[str]) -> tuple[Treatment, str]:
    known = bool(others & (_MAIL | _PEOPLE))
    if found == {"name"} and not known:
        return "keep", ""
    if known:
        return "drop", "a person's name, and another column tells people apart: dropped"
    return "pseudonym", "a person's name: a pseudonym still joins and counts"

"""A plan as JSON.

What belongs here: a plan's fields as programs read them; numbers are text. What does not:
text and Markdown (plan_text, plan_markdown).
"""

from __future__ import annotations

from typing import Any

from scoreline.core.exact import exact_text
from scoreline.definitions.project import problems_as_json
from scoreline.steps.change.effects import Stand
from scoreline.steps.change.proposal import Author, Effect, Proposal
from scoreline.steps.defining import as_bodies
from scoreline.steps.project import Waiting


def plan_as_json(proposal: Proposal) -> dict[str, Any]:
    """A plan as plain values; numbers are text."""
    return {
        "against": proposal.against,
        "as_of": proposal.as_of.isoformat(),
        "changed": bool(proposal.objects),
        "problems": problems_as_json(proposal.problems),
        "objects": [
            {
                "name": o.name,
                "kind": o.kind,
                "action": o.action,
                "place": str(o.place) if o.place else None,
                "differences": as_bodies(o.differences) if o.action == "changed" else [],
                "sql": {"before": o.sql_before, "after": o.sql_after},
                "author": _author(proposal.authors.get(o.name)),
            }
            for o in proposal.objects
        ],
        "key_results": [_effect(e) for e in proposal.effects],
        "series_computed": proposal.computed,
        "notes": list(proposal.notes),
        "streams_without_data": {n: list(ids) for n, ids in proposal.unread.items()},
        "errors": dict(proposal.errors),
        "waiting": [waiting_as_json(w) for w in proposal.waiting],
    }


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "id": effect.id,
        "title": effect.title,
        "owner": effect.owner,
        "action": effect.action,
        "moves": effect.moves,
        "before": _stand(effect.before),
        "after": _stand(effect.after),
        "goalposts": as_bodies(effect.goalposts),
        "mid_cycle": effect.mid_cycle,
        "author": _author(effect.author),
    }


def _stand(stand: Stand | None) -> dict[str, Any] | None:
    if stand is None:
        return None
    score, shown = stand.score, stand.body["shown"]
    return {
        **shown,
        "baseline": None if score.baseline is None else exact_text(score.baseline),
        "target": None if score.target is None else exact_text(score.target),
        "status": score.status,
        "reason": score.reason,
        "formula": score.formula,
    }


def _author(author: Author | None) -> dict[str, Any] | None:
    if author is None:
        return None
    commit = author.commit
    return {
        "login": author.login,
        "commit": commit.hash if commit else None,
        "name": commit.author if commit else None,
        "email": commit.email if commit else None,
        "at": commit.at.isoformat() if commit else None,
        "subject": commit.subject if commit else None,
    }


def waiting_as_json(waiting: Waiting) -> dict[str, Any]:
    """A changed target that waits, as plain values."""
    return {
        "key_result": waiting.key_result,
        "approver": waiting.approver,
        "changes": list(waiting.changes),
    }

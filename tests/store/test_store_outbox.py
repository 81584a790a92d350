"""The outbox gives each message to one sender at a time, and never twice by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from store_builders import NOW

from scoreline.core.errors import UsageError
from scoreline.core.notices import Message
from scoreline.store.store import ControlStore

DRAFT = Message("status:ops:1", "ops", "status", "Off track", "crm is off track")
LATER = NOW + timedelta(minutes=30)


def test_a_message_goes_from_pending_to_sent(store: ControlStore) -> None:
    """Claimed once, settled once; a second sender gets nothing, the record says it all."""
    assert store.enqueue({"kr a": None}, {"kr a": "off_track"}, [DRAFT], NOW)
    assert store.told() == {"kr a": "off_track"}
    assert store.claim(DRAFT.key, NOW)
    assert not store.claim(DRAFT.key, NOW)
    store.settle(DRAFT.key, None, NOW)
    [sent] = store.messages()
    assert (sent.state, sent.attempts, sent.error, sent.body) == ("sent", 1, None, DRAFT.body)
    assert not store.claim(DRAFT.key, NOW)
    assert store.verify_ledger() == []


def test_an_event_is_kept_once(store: ControlStore) -> None:
    """The same key twice is one message, though everything else of it changed."""
    store.enqueue({}, {}, [DRAFT], NOW)
    store.enqueue({}, {}, [Message(DRAFT.key, "ops", "status", "other", "other")], LATER)
    assert [m.title for m in store.messages()] == ["Off track"]


def test_messages_made_by_states_that_changed_meanwhile_are_refused(store: ControlStore) -> None:
    """Of two who saw the same change, the second writes nothing."""
    assert store.enqueue({"kr a": None}, {"kr a": "on_track"}, [], NOW)
    assert not store.enqueue({"kr a": None}, {"kr a": "off_track"}, [DRAFT], NOW)
    assert (store.told(), store.messages()) == ({"kr a": "on_track"}, [])


def test_a_failure_is_kept_with_its_reason_and_tried_again(store: ControlStore) -> None:
    """After a failed attempt the message waits with the reason, and can be claimed again."""
    store.enqueue({}, {}, [DRAFT], NOW)
    store.claim(DRAFT.key, NOW)
    store.settle(DRAFT.key, "the service answered 503", NOW)
    [waiting] = store.messages(["pending"])
    assert (waiting.error, waiting.attempts) == ("the service answered 503", 1)
    assert store.claim(DRAFT.key, LATER)


def test_what_an_interrupted_sender_leaves_is_not_sent_again_by_itself(store: ControlStore) -> None:
    """A message found half-way is unsure; only a person puts it back."""
    store.enqueue({}, {}, [DRAFT], NOW)
    store.claim(DRAFT.key, NOW)
    store.give_up(NOW - timedelta(minutes=1), NOW)
    assert store.messages()[0].state == "sending"
    store.give_up(LATER, LATER)
    assert store.messages()[0].state == "unsure"
    assert not store.claim(DRAFT.key, LATER)
    store.send_again(DRAFT.key, LATER)
    assert store.claim(DRAFT.key, LATER)
    with pytest.raises(UsageError, match="it is sending"):
        store.send_again(DRAFT.key, LATER)
    with pytest.raises(UsageError, match="no such message"):
        store.send_again("none", LATER)

"""What sends a message, as a protocol.

What belongs here: the shape of a notifier and of its failure. What does not: any transport.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from scoreline.core.notices import Message, Recipient


class DeliveryError(Exception):
    """A message could not be delivered; the text says why and holds no secret."""


class Notifier(Protocol):
    """A way to one recipient."""

    def send(self, message: Message) -> None:
        """Deliver a message.

        Raises:
            DeliveryError: it was not delivered.
        """
        ...


NotifierFactory = Callable[[Recipient], Notifier]
"""Makes the notifier of a recipient; raises DeliveryError where its URL cannot be had."""

"""What sends a message, as a protocol, and what the steps and the templates share.

What belongs here: the shape of a notifier and of what fails. What does not: any transport,
templates (rendering, which brings in Jinja).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from scoreline.core.notices import Message, Recipient


class DeliveryError(Exception):
    """A message could not be delivered; the text says why and holds no secret."""


class TemplateFault(Exception):  # noqa: N818  it is a finding about a file
    """A template cannot be used.

    Attributes:
        file: relative to the project's folder.
        line: from 1; 0 where it is not known.
    """

    def __init__(self, text: str, file: str, line: int = 0) -> None:
        super().__init__(text)
        self.file, self.line = file, line


class Link(str):
    """An address of the page, made by us: written as it is."""

    __slots__ = ()


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

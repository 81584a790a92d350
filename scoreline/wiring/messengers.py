"""Which transport a recipient's messages take, its secrets filled in.

What belongs here: that choice. What does not: sending, and what is sent.
"""

from __future__ import annotations

from pathlib import Path

from scoreline.core.errors import UsageError
from scoreline.core.notices import Recipient
from scoreline.notify.ports import DeliveryError, Notifier
from scoreline.notify.transport import AppriseNotifier
from scoreline.wiring.secret_values import resolve_secrets


def notifier_of(recipient: Recipient, root: Path) -> Notifier:
    """The way to a recipient.

    Raises:
        DeliveryError: the secret that holds its URL is not there; names it, not its value.
    """
    try:
        return AppriseNotifier(str(resolve_secrets(recipient.url, root)))
    except UsageError as error:
        raise DeliveryError(str(error)) from None

"""Entry point of the `tryton` kind: records of Tryton models, over REST."""

from connectors.tryton.connector import TrytonConnector

__all__ = ["TrytonConnector"]

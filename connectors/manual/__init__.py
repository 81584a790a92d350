"""Entry point of the `manual` kind: re-exports its connector."""

from connectors.manual.connector import ManualConnector

__all__ = ["ManualConnector"]

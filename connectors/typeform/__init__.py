"""Entry point of the `typeform` kind: responses to a form."""

from connectors.typeform.connector import TypeformConnector

__all__ = ["TypeformConnector"]

"""Entry point of the `xapi` kind: any learning record store."""

from connectors.xapi.connector import XapiConnector

__all__ = ["XapiConnector"]

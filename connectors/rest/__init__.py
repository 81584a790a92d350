"""The `rest` kind: any JSON API, described in YAML alone."""

from connectors.rest.connector import RestConnector

__all__ = ["RestConnector"]

"""Entry point of the `dlt` kind: any source or resource of dlt."""

from connectors.dlt.connector import DltConnector

__all__ = ["DltConnector"]

"""Entry point of the `sql` kind: re-exports its connector."""

from connectors.sql.connector import SqlConnector

__all__ = ["SqlConnector"]

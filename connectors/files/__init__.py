"""Entry point of the `files` kind: re-exports its connector."""

from connectors.files.connector import FilesConnector

__all__ = ["FilesConnector"]

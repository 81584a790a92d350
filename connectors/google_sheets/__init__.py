"""Entry point of the `google_sheets` kind: a range of a Google sheet."""

from connectors.google_sheets.connector import GoogleSheetsConnector

__all__ = ["GoogleSheetsConnector"]

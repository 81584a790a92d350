"""`python -m connectors.google_sheets`: what would be delivered, without the product."""

import sys

from connectors.google_sheets.connector import GoogleSheetsConnector
from connectors.http.alone import run

if __name__ == "__main__":
    sys.exit(run(GoogleSheetsConnector))

"""`python -m connectors.google_sheets`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.google_sheets.connector import GoogleSheetsConnector

if __name__ == "__main__":
    sys.exit(run(GoogleSheetsConnector))

"""`python -m connectors.odoo`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.odoo.connector import OdooConnector

if __name__ == "__main__":
    sys.exit(run(OdooConnector))

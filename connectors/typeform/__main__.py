"""`python -m connectors.typeform`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.typeform.connector import TypeformConnector

if __name__ == "__main__":
    sys.exit(run(TypeformConnector))

"""`python -m connectors.rest`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.rest.connector import RestConnector

if __name__ == "__main__":
    sys.exit(run(RestConnector))

"""`python -m connectors.tryton`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.tryton.connector import TrytonConnector

if __name__ == "__main__":
    sys.exit(run(TrytonConnector))

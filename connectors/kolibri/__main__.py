"""`python -m connectors.kolibri`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.kolibri.connector import KolibriConnector

if __name__ == "__main__":
    sys.exit(run(KolibriConnector))

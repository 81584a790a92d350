"""`python -m connectors.xapi`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.xapi.connector import XapiConnector

if __name__ == "__main__":
    sys.exit(run(XapiConnector))

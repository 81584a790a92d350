"""`python -m connectors.hubspot`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.hubspot.connector import HubspotConnector

if __name__ == "__main__":
    sys.exit(run(HubspotConnector))

"""`python -m connectors.salesforce`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.salesforce.connector import SalesforceConnector

if __name__ == "__main__":
    sys.exit(run(SalesforceConnector))

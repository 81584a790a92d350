"""`python -m connectors.pipedrive`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.pipedrive.connector import PipedriveConnector

if __name__ == "__main__":
    sys.exit(run(PipedriveConnector))

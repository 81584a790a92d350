"""`python -m connectors.moodle`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.moodle.connector import MoodleConnector

if __name__ == "__main__":
    sys.exit(run(MoodleConnector))

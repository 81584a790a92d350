"""`python -m connectors.jira`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.jira.connector import JiraConnector

if __name__ == "__main__":
    sys.exit(run(JiraConnector))

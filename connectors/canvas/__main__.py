"""`python -m connectors.canvas`: what would be delivered, without the product."""

import sys

from connectors.alone import run
from connectors.canvas.connector import CanvasConnector

if __name__ == "__main__":
    sys.exit(run(CanvasConnector))

"""`python -m connectors.canvas`: what would be delivered, without the product."""

import sys

from connectors.canvas.connector import CanvasConnector
from connectors.http.alone import run

if __name__ == "__main__":
    sys.exit(run(CanvasConnector))

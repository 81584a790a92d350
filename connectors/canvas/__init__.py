"""Entry point of the `canvas` kind: lists of Canvas LMS."""

from connectors.canvas.connector import CanvasConnector

__all__ = ["CanvasConnector"]

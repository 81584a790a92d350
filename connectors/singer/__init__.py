"""Entry point of the `singer` kind: any Singer tap."""

from connectors.singer.connector import SingerConnector

__all__ = ["SingerConnector"]

"""Entry point of the `kolibri` kind: learning logs, people and classes of Kolibri."""

from connectors.kolibri.connector import KolibriConnector

__all__ = ["KolibriConnector"]

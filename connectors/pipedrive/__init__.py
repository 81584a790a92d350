"""Entry point of the `pipedrive` kind: items of Pipedrive."""

from connectors.pipedrive.connector import PipedriveConnector

__all__ = ["PipedriveConnector"]

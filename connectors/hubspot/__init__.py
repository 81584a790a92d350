"""Entry point of the `hubspot` kind: objects of HubSpot's CRM."""

from connectors.hubspot.connector import HubspotConnector

__all__ = ["HubspotConnector"]

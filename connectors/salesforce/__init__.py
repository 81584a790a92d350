"""Entry point of the `salesforce` kind: objects of Salesforce by SOQL."""

from connectors.salesforce.connector import SalesforceConnector

__all__ = ["SalesforceConnector"]

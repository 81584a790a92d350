"""Entry point of the `odoo` kind: records of Odoo models, over JSON-RPC."""

from connectors.odoo.connector import OdooConnector

__all__ = ["OdooConnector"]

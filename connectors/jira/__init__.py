"""Entry point of the `jira` kind: issues of Jira Cloud."""

from connectors.jira.connector import JiraConnector

__all__ = ["JiraConnector"]

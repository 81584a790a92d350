"""Entry point of the `moodle` kind: courses, people, completion and grades of Moodle."""

from connectors.moodle.connector import MoodleConnector

__all__ = ["MoodleConnector"]

"""Fixtures of the judge: its modules are found beside its tests."""

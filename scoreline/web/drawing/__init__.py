"""Drawings, as the numbers that a template puts into SVG."""

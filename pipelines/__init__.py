"""Dagster only: scheduling, retries, backfills, freshness and the asset graph.

What belongs here: translating between Dagster and `scoreline.steps`. What does not: any
rule of the product; nothing below this package knows that Dagster exists.
"""

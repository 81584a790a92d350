"""From a metric to SQL: what may be written, which series are wanted, and their statements."""

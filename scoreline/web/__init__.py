"""The page: what people open to see where key results stand, and why."""

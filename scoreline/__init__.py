"""Key results that update themselves: the product, without an orchestrator."""

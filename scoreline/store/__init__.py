"""The control store: what people and other processes read, and the ledger.

The entry point is `scoreline.store.store.ControlStore`. Nothing is imported here, so that
naming the package costs nothing.
"""

"""The core: standard library only, pure values and functions."""

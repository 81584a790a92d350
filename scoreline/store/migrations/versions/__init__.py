"""The versions themselves; a module here is never changed once released."""

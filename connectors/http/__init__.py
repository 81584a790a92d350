"""The base of every connector that reads an HTTP API: nothing here knows one vendor.

What belongs here: the client, authentication, paging, cursors, the file of pages, and the
connector that puts them together. What does not: a vendor's paths and words (its own folder).
"""

"""The read API: everything that the page shows, for programs.

What belongs here: addresses below /api/v1, their shapes, exports, calendars and badges.
What does not: pages for people, anything that writes.
"""

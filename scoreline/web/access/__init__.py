"""Who looks at the page, and what they may do.

What belongs here: logging in, sessions, roles, protection of forms and answers. What does
not: which role a page asks for (each page says so), the grants themselves (definitions).
"""

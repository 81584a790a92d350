"""Messages to people: what they say, and sending them.

What belongs here: rendering templates and the transport. What does not: deciding that
there is something to say (steps.telling), and keeping messages (store).
"""

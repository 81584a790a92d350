"""Sources that remember themselves how far they were read: what their kinds share.

What belongs here: the state as cursor, and the file of lines. What does not: any such source.
"""

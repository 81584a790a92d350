"""Checks of a new batch with Great Expectations, which runs in a process of its own.

What belongs here: the checks of a stream, the child process that evaluates them, and the
split of a batch into kept and quarantined rows. What does not: the life of a batch
(landed, blocked, loaded), which is the store's and the steps'.

    model      what goes in and what comes out          (standard library)
    catalogue  the expectation types that may be used   (standard library)
    checks     a stream's declared checks               (standard library)
    gx         `GxValidator`, which talks to the child  (standard library)
    child      the child's main loop; only what it imports touches great_expectations
"""

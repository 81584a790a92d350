"""`python -m connectors.manual`: says how values get in.

What belongs here: that one line. What does not: entering them.
"""

from __future__ import annotations

import sys

from connectors.manual.connector import ManualConnector


def main() -> int:
    """Prints what this kind is; always 0."""
    sys.stdout.write(f"{ManualConnector.kind}: {ManualConnector.about}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

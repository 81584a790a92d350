"""Write the example's exports: `python -m scoreline.example DIR [--seed N]`.

What belongs here: the command's arguments and its last line. What does not: the content
of the files (the sibling modules) and how they are written (writing.py).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from scoreline.example import crm, finance, helpdesk, hr, kolibri, moodle, survey
from scoreline.example.people import staff
from scoreline.example.writing import Export, write_all

DEFAULT_SEED = 2026


def exports(seed: int) -> Iterator[Export]:
    """Every file of the example, source by source; equal seeds give equal bytes."""
    people = staff(seed)
    yield from hr.exports(seed, people)
    yield from crm.exports(seed, people)
    yield from moodle.exports(seed, people)
    yield from kolibri.exports(seed, people)
    yield from survey.exports(seed, people)
    yield from helpdesk.exports(seed, people)
    yield from finance.exports(seed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files below the folder given and say how many.

    Args:
        arguments: the command line without the program's name; None takes `sys.argv`.

    Returns:
        The exit status: 0, or 2 where the folder cannot be written.
    """
    parser = argparse.ArgumentParser(
        prog="python -m scoreline.example",
        description="Write the example organisation's exports, the same bytes for a seed.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="gets one folder a source")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="default: %(default)s")
    given = parser.parse_args(arguments)
    try:
        files, rows = write_all(given.folder, exports(given.seed))
    except OSError as error:
        print(f"cannot write {error.filename}: {error.strerror}", file=sys.stderr)
        return 2
    print(f"{files} export files with {rows:,} lines are in {given.folder}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())

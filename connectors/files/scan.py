"""Counting the rows of delimited text, set-based and independently of any parser.

What belongs here: where rows end, which follows from line ends and quotes alone. What does
not: cells. The count is held against the parser's, so the two share no code.

The rules are RFC 4180's: a quote opens a cell only at the cell's start, a doubled quote inside
is a quote, a line end inside is text. A quote elsewhere in an unquoted cell is text too. Text
after a closing quote is refused: nearly always a closing quote is missing further up, and rows
would silently grow together. A line ends with LF, CRLF or CR; an empty line is not a row.

Every run of k adjacent quotes acts on the state (outside 0, inside 1) in one of three ways:
k even leaves it as it is; k odd at a cell's start toggles it; k odd elsewhere sets it to 0.
The state after each run is then the parity of the toggles since the last set: two cumulative
passes instead of a loop.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from connectors.errors import PermanentError

LF, CR = 10, 13
PIECE = 1 << 18  # bytes counted at once: the arrays stay in the processor's cache
Positions = NDArray[np.intp]
Bytes = NDArray[np.uint8]


class RowCounter:
    """Counts rows in pieces of any size; `feed` them all, then `finish`.

    Attributes:
        rows: rows ended so far.
        blank: empty lines so far.
        stray_quotes: runs of quotes that are text in an unquoted cell.
        line: line ends so far, those inside quotes too.
    """

    def __init__(self, delimiter: str, quote: str, *, where: str, first_line: int = 1) -> None:
        self.rows = 0
        self.blank = 0
        self.stray_quotes = 0
        self.line = first_line
        self._where = where
        self._quote = ord(quote) if quote else None
        self._ends_cell = np.zeros(256, dtype=bool)
        self._ends_cell[[LF, CR, ord(delimiter)]] = True
        self._tail_bytes = (quote + "\r").encode()
        self._carry = b""
        self._inside = False
        self._opened_line = first_line
        self._before = LF
        self._in_row = False

    def feed(self, data: bytes) -> None:
        """Counts on. Quotes and CRs at the end wait for what follows them.

        Raises:
            PermanentError: there is text after a closing quote.
        """
        for start in range(0, len(data), PIECE):
            piece = self._carry + data[start : start + PIECE]
            whole = piece.rstrip(self._tail_bytes)
            self._carry = piece[len(whole) :]
            self._count(whole)

    def finish(self) -> None:
        """Counts the last row.

        Raises:
            PermanentError: as `feed`, or a quoted cell is still open.
        """
        self._count(self._carry)
        if self._inside:
            raise PermanentError(
                "a quoted cell begins here and never ends",
                where=f"{self._where}, line {self._opened_line}",
                do="Add the closing quote, or set quote: '' if cells are not quoted",
            )
        self.rows += self._in_row

    def _count(self, data: bytes) -> None:
        if not data:
            return
        view = np.frombuffer(data, dtype=np.uint8)
        ends = _line_ends(data, view)
        outside = self._outside(view, ends)
        if outside.size:
            self._count_rows(view, outside)
        else:
            self._in_row = True
        self.line += int(ends.size)
        self._before = int(view[-1])

    def _count_rows(self, view: Bytes, outside: Positions) -> None:
        crlf = (view[outside] == LF) & (view[outside - 1] == CR) & (outside > 0)
        starts = np.concatenate((np.zeros(1, dtype=np.intp), outside[:-1] + 1))
        lengths = outside - crlf - starts
        lengths[0] += self._in_row
        blank = int(np.count_nonzero(lengths == 0))
        self.blank += blank
        self.rows += int(outside.size) - blank
        self._in_row = bool(outside[-1] + 1 < view.size)

    def _outside(self, view: Bytes, ends: Positions) -> Positions:
        """Those of the line ends that are not inside quotes."""
        quotes = np.flatnonzero(view == self._quote) if self._quote is not None else ends[:0]
        if not quotes.size:
            return ends[:0] if self._inside else ends
        if self._plain(view, quotes):
            state = (np.searchsorted(quotes, ends) + self._inside) % 2
            if quotes.size > self._inside:
                last = quotes[self._inside :: 2][-1]
                self._opened_line = self._line_of(ends, int(last))
            self._inside = bool((quotes.size + self._inside) % 2)
            plain: Positions = ends[state == 0]
            return plain
        return self._outside_runs(view, ends, quotes)

    def _plain(self, view: Bytes, quotes: Positions) -> bool:
        """Whether every second quote opens a cell at its start and the others end one.

        Then no quote is doubled or astray, and counting them is enough.
        """
        opening, closing = quotes[self._inside :: 2], quotes[1 - self._inside :: 2]
        before = view[opening - 1]
        if opening.size and opening[0] == 0:
            before[0] = self._before
        after = view[np.minimum(closing + 1, view.size - 1)]
        if closing.size and closing[-1] + 1 == view.size:
            after[-1] = LF
        return bool(self._ends_cell[before].all() and self._ends_cell[after].all())

    def _outside_runs(self, view: Bytes, ends: Positions, quotes: Positions) -> Positions:
        """As `_outside`, for any quotes."""
        first = np.flatnonzero(np.diff(quotes, prepend=-2) != 1)
        runs = quotes[first]
        length = np.diff(first, append=quotes.size)
        before = np.where(runs > 0, view[runs - 1], self._before)
        opens = self._ends_cell[before]
        after = _states(length % 2 == 1, opens, self._inside)
        state = np.concatenate((np.array([self._inside]), after))
        self._refuse_trailing_text(view, ends, runs, length, opens, state)
        self.stray_quotes += int(np.count_nonzero(~state[:-1] & ~opens))
        opened = np.flatnonzero(after & ~state[:-1])
        if opened.size:
            self._opened_line = self._line_of(ends, int(runs[opened[-1]]))
        self._inside = bool(state[-1])
        kept: Positions = ends[~state[np.searchsorted(runs, ends)]]
        return kept

    def _refuse_trailing_text(
        self,
        view: Bytes,
        ends: Positions,
        runs: Positions,
        length: Positions,
        opens: NDArray[np.bool_],
        state: NDArray[np.bool_],
    ) -> None:
        odd = length % 2 == 1
        closes = np.where(state[:-1], odd, opens & ~odd)
        following = runs + length
        inner = np.minimum(following, view.size - 1)
        bad = np.flatnonzero(closes & (following < view.size) & ~self._ends_cell[view[inner]])
        if not bad.size:
            return
        at = int(bad[0])
        opened = np.flatnonzero(state[1 : at + 1] & ~state[:at])
        begun = self._line_of(ends, int(runs[opened[-1]])) if opened.size else self._opened_line
        if not state[at]:
            begun = self._line_of(ends, int(runs[at]))
        raise PermanentError(
            f"there is text after a closing quote; the quoted cell begins in line {begun}",
            where=f"{self._where}, line {self._line_of(ends, int(runs[at]))}",
            do="A closing quote is probably missing, or a quote inside a cell is not doubled; "
            "set quote: '' if cells are not quoted",
        )

    def _line_of(self, ends: Positions, position: int) -> int:
        return self.line + int(np.searchsorted(ends, position))


def _line_ends(data: bytes, view: Bytes) -> Positions:
    """Where lines end: at each LF, and at each CR that no LF follows."""
    lf: Positions = np.flatnonzero(view == LF)
    if b"\r" not in data:
        return lf
    cr = np.flatnonzero(view == CR)
    following = view[np.minimum(cr + 1, view.size - 1)]
    lone: Positions = cr[(following != LF) | (cr + 1 >= view.size)]
    ends: Positions = np.sort(np.concatenate((lf, lone)))
    return ends


def _states(odd: NDArray[np.bool_], opens: NDArray[np.bool_], inside: bool) -> NDArray[np.bool_]:
    """Inside or outside after each run of quotes (see the module's docstring)."""
    toggles = np.cumsum(odd & opens)
    index = np.arange(odd.size)
    last_set = np.maximum.accumulate(np.where(odd & ~opens, index, -1))
    since: Positions = toggles - np.where(last_set >= 0, toggles[last_set], 0)
    start = (last_set < 0) & inside
    return ((since + start) % 2).astype(bool)

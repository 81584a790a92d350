"""The connectors' error tree: must a person act, or is trying again enough?

What belongs here: errors that leave a connector. What does not: errors of rows (a row that
is refused is data, see `connectors.base.RaggedRow`) and the product's own errors.

    ConnectorError                what, where and what to do, in one line
    ├── PermanentError            a person must act: bad credentials, no such file, malformed
    │   ├── OptionError           an option that is unknown or has an illegal value
    │   └── TruncatedError        a document that ends before it is complete
    └── TransientError            busy, gone for a moment, network: try again later
"""

from __future__ import annotations


class ConnectorError(Exception):
    """Root of every error that a connector raises on purpose.

    Attributes:
        what: one sentence without a full stop: what went wrong, with the offending text.
        where: the object it concerns, such as ``data/lms/a.csv, line 12``; never a secret.
        do: what a person should do about it; may be empty.
    """

    def __init__(self, what: str, *, where: str = "", do: str = "") -> None:
        self.what = what
        self.where = where
        self.do = do
        super().__init__(what)

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}. {self.do}" if self.do else text


class PermanentError(ConnectorError):
    """Trying again gives the same result until a person changes something."""


class OptionError(PermanentError):
    """An option is unknown, missing or illegal; `legal` says what would be legal."""

    def __init__(self, option: str, what: str, *, found: str = "", legal: str = "") -> None:
        super().__init__(what, where=f"option {option}", do=f"Legal: {legal}" if legal else "")
        self.option = option
        self.found = found
        self.legal = legal


class TruncatedError(PermanentError):
    """A document ends before it is complete; for a server's answer, the next may be whole."""


class TransientError(ConnectorError):
    """The next attempt may succeed; `retry_after` is the source's own wish in seconds."""

    def __init__(
        self, what: str, *, where: str = "", do: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(what, where=where, do=do)
        self.retry_after = retry_after

"""What can be set for Singer taps, at the source and at a stream.

What belongs here: the options and their legal values. What does not: running a tap.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from connectors.durations import Duration
from connectors.options import Options


class SingerSource(Options):
    """Options at the source: which tap, and its configuration."""

    tap: str | tuple[str, ...] = Field(
        description="the tap's program, such as tap-github, or a command as a list: "
        "[uvx, --from, tap-github==1.2, tap-github]"
    )
    config: dict[str, Any] = Field(
        default_factory=dict, description="the tap's own; secrets by reference", repr=False
    )
    deadline: Duration = Field(default="1h", description="the longest that the tap may run")

    @property
    def command(self) -> list[str]:
        """The program and its arguments."""
        return [self.tap] if isinstance(self.tap, str) else list(self.tap)


class SingerStream(Options):
    """Options at a stream."""

    stream: str | None = Field(
        default=None, description="the tap's name of it (tap_stream_id); ours if left out"
    )
    replication: Literal["FULL_TABLE", "INCREMENTAL", "LOG_BASED"] | None = Field(
        default=None, description="the tap's own choice if left out"
    )
    replication_key: str | None = Field(
        default=None, description="for INCREMENTAL, where the tap does not know it"
    )

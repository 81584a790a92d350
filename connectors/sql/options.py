"""What can be set for databases, at the source and at a stream.

What belongs here: the options and their legal values. What does not: connecting or reading;
importing this module imports no database library.
"""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import Field, field_validator, model_validator

from connectors.durations import is_duration, timedelta_of
from connectors.options import Options, nearest

URL = re.compile(r"[a-z][a-z0-9]*(\+[a-z][a-z0-9_]*)?://", re.ASCII)
WHOLE = re.compile(r"[0-9]{1,18}", re.ASCII)
BATCH_ROWS = 50_000
CONNECT_ARGS = (
    "application_name",
    "channel_binding",
    "charset",
    "connect_timeout",
    "gssencmode",
    "keepalives_idle",
    "read_timeout",
    "ssl_ca",
    "ssl_cert",
    "ssl_key",
    "ssl_verify_cert",
    "ssl_verify_identity",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "timeout",
)


class SqlSource(Options):
    """Options at the source."""

    url: str = Field(
        description="a SQLAlchemy URL, such as postgresql://reader@db.example/shop, "
        "mysql://reader@db.example/shop or sqlite:///data/shop.db",
        repr=False,
    )
    password: str | None = Field(
        default=None, description='a secret reference, such as "${env:SHOP_PASSWORD}"', repr=False
    )
    default_schema: str | None = Field(
        default=None, min_length=1, description="the schema of tables that are named without one"
    )
    connect_args: dict[str, str | int | bool] = Field(
        default_factory=dict, description=f"the driver's own: {', '.join(CONNECT_ARGS)}"
    )

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith("${") and not URL.match(value):
            raise ValueError("is not a URL of a database")
        return value

    @field_validator("connect_args")
    @classmethod
    def _connect_args(cls, value: dict[str, Any]) -> dict[str, Any]:
        unknown = [name for name in value if name not in CONNECT_ARGS]
        if unknown:
            legal = nearest(unknown[0], list(CONNECT_ARGS))
            raise ValueError(f"{unknown[0]} is not possible here; possible: {legal}")
        return value


class SqlStream(Options):
    """Options at a stream: a table or a query."""

    table: str | None = Field(
        default=None, min_length=1, description="a table or view, such as orders or sales.orders"
    )
    query: str | None = Field(
        default=None, min_length=1, description="one SELECT, in the database's own dialect"
    )
    batch_rows: int = Field(
        default=BATCH_ROWS, ge=1, le=1_000_000, description="rows fetched at once"
    )
    overlap: str | None = Field(
        default=None,
        description="how far behind the newest cursor is read again: a duration such as 90m, "
        "1h, 3d, or a whole number for a cursor that is a number",
    )

    @field_validator("overlap", mode="before")
    @classmethod
    def _overlap(cls, value: Any) -> Any:
        if value is None:
            return None
        text = str(value).strip() if isinstance(value, str | int | Decimal) else ""
        if isinstance(value, bool) or not (is_duration(text) or WHOLE.fullmatch(text)):
            raise ValueError("is neither a duration nor a whole number")
        return text

    @model_validator(mode="after")
    def _one_of_both(self) -> SqlStream:
        if (self.table is None) == (self.query is None):
            raise ValueError("set table or query, one of both")
        return self


def overlap_of(text: str) -> timedelta | int:
    """The overlap that a legal option's text stands for."""
    return timedelta_of(text) if is_duration(text) else int(text)

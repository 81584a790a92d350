"""What can be set for files, at the source and at a stream.

What belongs here: the options, their legal values, and the format that a name implies.
What does not: reading.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from pydantic import Field, field_validator, model_validator

from connectors.errors import OptionError
from connectors.options import Options

Format = Literal["csv", "tsv", "ndjson", "parquet"]
EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
}
PACKED = (".gz", ".zst")
MAX_BYTES = 20 * 2**30
NOT_FOR_FILES = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")


def _inside(path: str, what: str) -> str:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\0" in path or "\\" in path:
        raise ValueError(f"{what} may not leave its folder: no leading /, no .., no backslash")
    return path


class FilesSource(Options):
    """Options at the source."""

    root: str = Field(
        default=".",
        description="the folder that files may come from: relative to the project's folder, "
        "such as data/lms, or absolute",
    )

    @field_validator("root")
    @classmethod
    def _root(cls, value: str) -> str:
        if "\0" in value or "\\" in value or not value.strip():
            raise ValueError("root must be a folder, with / between its parts")
        return value


class FilesStream(Options):
    """Options at a stream."""

    glob: str = Field(
        min_length=1, description="a pattern under root, such as exports/**/completions*.csv"
    )
    format: Format | None = Field(
        default=None, description="csv, tsv, ndjson, parquet; by the name's extension if absent"
    )
    delimiter: str | None = Field(default=None, description="one ASCII character, such as ';'")
    quote: str = Field(
        default='"', description="one ASCII character; '' where cells are never quoted"
    )
    encoding: str = Field(
        default="utf-8", description="a Python encoding: utf-8, utf-16, windows-1252, latin-1, …"
    )
    header: bool = Field(
        default=True, description="true; false where the first row is data (columns by position)"
    )
    skip_rows: int = Field(default=0, ge=0, description="lines above the header to leave out")
    max_bytes: int = Field(
        default=MAX_BYTES, ge=1, description="bytes that a file may have once decompressed"
    )

    @field_validator("glob")
    @classmethod
    def _glob(cls, value: str) -> str:
        parts = PurePosixPath(_inside(value, "glob")).parts
        if any("**" in part and part != "**" for part in parts):
            raise ValueError("** stands for whole folders: write **/*.csv, not **.csv")
        return value

    @field_validator("delimiter", "quote")
    @classmethod
    def _one_byte(cls, value: str | None) -> str | None:
        if value and (len(value) > 1 or not value.isascii() or value in "\r\n\0"):
            raise ValueError("must be one ASCII character, not a line end")
        return value

    @field_validator("encoding")
    @classmethod
    def _encoding(cls, value: str) -> str:
        try:
            "a".encode(value)
            name = codecs.lookup(value).name
        except (LookupError, ValueError):
            raise ValueError("is not a text encoding known to Python") from None
        if name in NOT_FOR_FILES:
            raise ValueError("is not an encoding of files")
        return "utf-8" if name == "utf-8-sig" else name

    @model_validator(mode="after")
    def _differ(self) -> FilesStream:
        if self.delimiter == "":
            raise ValueError("delimiter must be one ASCII character")
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError("delimiter and quote must differ")
        return self


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one delimited file is written; `quote` is empty where nothing is quoted."""

    delimiter: str
    quote: str
    header: bool
    skip_rows: int


def format_of(options: FilesStream, name: str) -> Format:
    """The declared format, or the one that the file's extension stands for.

    Raises:
        OptionError: neither says.
    """
    if options.format is not None:
        return options.format
    path = PurePosixPath(name.lower())
    if path.suffix in PACKED:
        path = path.with_suffix("")
    if path.suffix not in EXTENSIONS:
        raise OptionError(
            "format",
            f"is not set, and the extension of {name!r} does not say it",
            legal="csv, tsv, ndjson, parquet",
        )
    return EXTENSIONS[path.suffix]


def dialect_of(options: FilesStream, kind: Format) -> Dialect:
    """The dialect of a csv or tsv file."""
    delimiter = options.delimiter or ("\t" if kind == "tsv" else ",")
    return Dialect(delimiter, options.quote, options.header, options.skip_rows)

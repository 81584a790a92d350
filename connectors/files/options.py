"""What can be set for files, at the source and at a stream.

What belongs here: the options, their legal values, and the format that a name implies.
What does not: reading, and reaching a place.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from connectors.errors import OptionError
from connectors.options import Options

Format = Literal["csv", "tsv", "ndjson", "json", "parquet", "xlsx"]
FORMATS = "csv, tsv, ndjson, json, parquet, xlsx"
EXTENSIONS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
PACKED = (".gz", ".zst")
UNFINISHED = ("*.tmp", "*.part", "*.crdownload", "~$*")
ROWS_OF_CELLS: tuple[Format, ...] = ("csv", "tsv", "xlsx")
ONLY_FOR: dict[str, tuple[Format, ...]] = {
    "records": ("json",),
    "sheet": ("xlsx",),
    "header_rows": ROWS_OF_CELLS,
    "header_join": ROWS_OF_CELLS,
    "footer_rows": ROWS_OF_CELLS,
}
MAX_BYTES = 20 * 2**30
NOT_FOR_FILES = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined")


_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CREDENTIALS = re.compile(r"//[^/]*:[^/@]*@|^https?://[^/]*@")


def is_url(root: str) -> bool:
    """Whether a root is a URL, such as s3://bucket/exports, and not a folder here."""
    return bool(_URL.match(root)) and not root.startswith("file://")


def local_root(root: str) -> str:
    """A folder on this machine as a path; `file:///data` is `/data`."""
    return root.removeprefix("file://")


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
        "such as data/lms, or absolute; or a URL, such as s3://bucket/exports",
    )
    storage_options: dict[str, Any] = Field(
        default_factory=dict,
        repr=False,
        description="for a URL: what its fsspec file system takes, such as key and secret",
    )

    @field_validator("root")
    @classmethod
    def _root(cls, value: str) -> str:
        if "\0" in value or "\\" in value or not value.strip():
            raise ValueError("root must be a folder, with / between its parts, or a URL")
        if value.startswith("file://") and not value.startswith("file:///"):
            raise ValueError("a file URL has three slashes: file:///data/lms")
        if "://" in value and "::" in value:
            raise ValueError("root must be one URL, not a chain of them")
        if _CREDENTIALS.search(value):
            raise ValueError("root may hold no credentials: put them into storage_options")
        if is_url(value) and re.search(r"[?#]", value):
            raise ValueError("root must be a URL without ? and #")
        return value

    @model_validator(mode="after")
    def _somewhere_else(self) -> FilesSource:
        if self.storage_options and not is_url(self.root):
            raise ValueError("storage_options belong to a root that is a URL")
        return self


class FilesStream(Options):
    """Options at a stream."""

    glob: str = Field(
        min_length=1, description="a pattern under root, such as exports/**/completions*.csv"
    )
    format: Format | None = Field(
        default=None, description=f"{FORMATS}; by the name's extension if absent"
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
    header_rows: int = Field(
        default=1, ge=1, le=20, description="how many rows make up the header, 1 to 20"
    )
    header_join: str = Field(
        default=" ", max_length=8, description="what stands between the names of header rows"
    )
    skip_rows: int = Field(default=0, ge=0, description="lines above the header to leave out")
    footer_rows: int = Field(
        default=0, ge=0, le=1000, description="rows at the end that are not data, such as totals"
    )
    records: str | None = Field(
        default=None, description="json: the way to the array of rows, such as data.items"
    )
    sheet: int | str | None = Field(
        default=None, description="xlsx: a sheet's name, or its number from 1; else the first"
    )
    max_bytes: int = Field(
        default=MAX_BYTES, ge=1, description="bytes that a file may have once decompressed"
    )
    settle_seconds: int = Field(
        default=0, ge=0, description="leave a file alone until it rested for so many seconds"
    )
    ignore: tuple[str, ...] = Field(
        default=UNFINISHED, description="names of files that are not finished, such as '*.tmp'"
    )

    @field_validator("glob")
    @classmethod
    def _glob(cls, value: str) -> str:
        parts = PurePosixPath(_inside(value, "glob")).parts
        if any("**" in part and part != "**" for part in parts):
            raise ValueError("** stands for whole folders: write **/*.csv, not **.csv")
        if parts and parts[-1] == "**":
            raise ValueError("** stands for folders: write **/* for the files in them")
        return value

    @field_validator("records")
    @classmethod
    def _records(cls, value: str | None) -> str | None:
        if value is not None and not all(value.split(".")):
            raise ValueError("must be names with dots between them, such as data.items")
        return value

    @field_validator("sheet", mode="before")
    @classmethod
    def _sheet(cls, value: Any) -> Any:
        number = isinstance(value, int) and not isinstance(value, bool) and value > 0
        if value is None or number or (isinstance(value, str) and value.strip()):
            return value
        raise ValueError("must be a sheet's name, or its number from 1")

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
        if self.header_rows > 1 and not self.header:
            raise ValueError("header_rows says nothing where header is false")
        if self.format is not None and (option := misplaced(self, self.format)):
            raise ValueError(f"{option} is not possible with format: {self.format}")
        return self


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one delimited file is written; `quote` is empty where nothing is quoted."""

    delimiter: str
    quote: str
    header: bool
    skip_rows: int
    header_rows: int = 1
    header_join: str = " "
    footer_rows: int = 0


def misplaced(options: FilesStream, kind: Format) -> str | None:
    """An option that was set and says nothing for the format, if there is one."""
    given = options.model_fields_set
    return next((o for o, kinds in ONLY_FOR.items() if o in given and kind not in kinds), None)


def format_of(options: FilesStream, name: str) -> Format:
    """The declared format, or the one that the file's extension stands for.

    Raises:
        OptionError: neither says, or another option does not go with it.
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
            legal=FORMATS,
        )
    kind = EXTENSIONS[path.suffix]
    if option := misplaced(options, kind):
        kinds = " or ".join(ONLY_FOR[option])
        raise OptionError(
            option,
            f"is not possible for {name!r}, which is {kind} by its extension",
            legal=f"with format: {kinds}",
        )
    return kind


def dialect_of(options: FilesStream, kind: Format) -> Dialect:
    """The dialect of a csv or tsv file."""
    return Dialect(
        delimiter=options.delimiter or ("\t" if kind == "tsv" else ","),
        quote=options.quote,
        header=options.header,
        skip_rows=options.skip_rows,
        header_rows=options.header_rows,
        header_join=options.header_join,
        footer_rows=options.footer_rows,
    )

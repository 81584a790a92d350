"""XLSX files written part by part, so that a test decides on every byte: no test stands here."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DATE, MOMENT, TIME, LENGTH = 1, 2, 3, 4
"""Styles: a date, date and time, a time of day, a length of time."""

STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="2">'
    '<numFmt numFmtId="164" formatCode="yyyy-mm-dd hh:mm:ss"/>'
    '<numFmt numFmtId="165" formatCode="[h]:mm"/></numFmts>'
    '<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/>'
    '<xf numFmtId="21"/><xf numFmtId="165"/></cellXfs></styleSheet>'
)


def number(value: object, style: int = 0) -> str:
    """A cell with a number as the file writes it."""
    return f'<c{{r}} s="{style}"><v>{value}</v></c>'


def text(value: str) -> str:
    """A cell with text of its own."""
    return f'<c{{r}} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def error(value: str) -> str:
    """A cell whose formula failed."""
    return f'<c{{r}} t="e"><f>x</f><v>{value}</v></c>'


def truth(value: bool) -> str:
    """A cell with true or false."""
    return f'<c{{r}} t="b"><v>{int(value)}</v></c>'


def sheet(rows: Mapping[int, Mapping[str, str | int]], merged: Sequence[str] = ()) -> str:
    """A sheet's XML from cells by row number and column letter; plain values are text."""
    lines = []
    for row, cells in rows.items():
        made = ""
        for letter, value in cells.items():
            cell = value if str(value).startswith("<c") else _plain(value)
            made += str(cell).replace("{r}", f' r="{letter}{row}"', 1)
        lines.append(f'<row r="{row}">{made}</row>')
    areas = "".join(f'<mergeCell ref="{area}"/>' for area in merged)
    merge = f"<mergeCells>{areas}</mergeCells>" if areas else ""
    data = "".join(lines)
    return f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData>{merge}</worksheet>'


def table(*rows: Sequence[str | int]) -> str:
    """A sheet's XML from rows, the first one in row 1."""
    return sheet(
        {
            n: {chr(65 + i): value for i, value in enumerate(row) if value != ""}
            for n, row in enumerate(rows, start=1)
        }
    )


def book(
    path: Path, sheets: Mapping[str, str], *, shared: Sequence[str] = (), extra: str = ""
) -> Path:
    """Writes a workbook of sheets by name; `extra` stands at the beginning of the workbook."""
    links = [("styles", "styles.xml"), ("sharedStrings", "sharedStrings.xml")]
    links += [("worksheet", f"worksheets/sheet{n}.xml") for n, _ in enumerate(sheets, 1)]
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="rId{n + 1}"/>'
        for n, name in enumerate(sheets, 1)
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": _links([("officeDocument", "xl/workbook.xml")]),
        "xl/_rels/workbook.xml.rels": _links(links),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{extra}'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">'
        + "".join(f"<si><t>{escape(s)}</t></si>" for s in shared)
        + "</sst>",
    }
    for n, xml in enumerate(sheets.values(), 1):
        parts[f"xl/worksheets/sheet{n}.xml"] = xml
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in parts.items():
            archive.writestr(name, xml)
    return path


def _plain(value: str | int) -> str:
    return number(value) if isinstance(value, int) else text(value)


def _links(links: Sequence[tuple[str, str]]) -> str:
    made = "".join(
        f'<Relationship Id="rId{n}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(links)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{made}</Relationships>'

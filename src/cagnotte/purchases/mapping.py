"""How a source's files are read: which of its columns or paths means which of our fields.

Our fields are those of `cagnotte.catalog.source_fields`. A mapping is written in the programme file
(docs/reference/programme-file.md) and kept as JSON with its source.
"""

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Mapping:
    """The reading rules of one source.

    Attributes:
        format: csv, jsonl, xlsx or xml.
        sheet, header_row: of a workbook: which sheet ("" = the first), and in which row the columns are named.
        record: of XML: the path of the elements that are orders, or lines of orders.
        fields: our field → their column (CSV, XLSX), dotted path (JSON Lines) or path of names (XML).
        lines: "rows", a path to the nested list, or None when an order has no lines (one line of its amount).
        line_fields: our line field → their column, or path inside a nested line.
        values: our field → their word → our word. defaults: our field → constant text.
        amounts: "decimal" ("12.40") or "minor" ("1240"). timezone: of times without an offset.
        decimal: what stands before the cents, "." or ",". dates: how they are written ("DD/MM/YYYY"), "" = ISO 8601.
        unknown_products: "reject" or "accept" articles that the catalogue does not hold.
        returns: "cumulative" (an order is told again with what came back so far) or "appended" (a row or message
            with a negative amount is a return of the order it names).
    """

    ref: str
    kind: str
    format: str = "csv"
    encoding: str = "utf-8"
    delimiter: str = ","
    sheet: str = ""
    header_row: int = 1
    record: str = ""
    timezone: str = "UTC"
    amounts: str = "decimal"
    decimal: str = "."
    dates: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    lines: str | None = None
    line_fields: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    unknown_products: str = "accept"
    returns: str = "cumulative"

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> "Mapping":
        """Build a mapping from its JSON; keys that are absent take their defaults."""
        known = {
            key: value
            for key, value in data.items()
            if key in cls.__dataclass_fields__ and value is not None
        }
        return cls(**known)

    @property
    def appends_returns(self) -> bool:
        """Whether a return is a row of its own with a negative amount."""
        return self.returns == "appended"

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of naive times."""
        return ZoneInfo(self.timezone)

"""How a source's files are read: which of its columns is which of our fields.

The words on our side are fixed (`catalog/source_fields.py`); the words on theirs are whatever the file uses.
"""

import codecs
import re
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from cagnotte.catalog.programme_file.problems import choices, meant
from cagnotte.catalog.source_fields import FIELDS, LINE_FIELDS, REQUIRED, ROWS

Kind = Literal["purchases", "products", "members", "decisions"]

_DATE_TOKEN = re.compile("YYYY|YY|MM|DD|hh|mm|ss")
_NAME = re.compile(r"[^\W\d][\w.-]*")

CONSTRAINED_VALUES: dict[str, tuple[str, ...]] = {
    "channel": ("web", "app", "store", "card"),
    "status": ("pending", "confirmed", "declined"),
    "decision": ("confirm", "decline", "amend"),
    "gift_card": ("true", "false"),
}
"""Fields that take only these words; `values` translates theirs."""


def _encoding(text: str) -> str:
    try:
        return codecs.lookup(text).name
    except LookupError:
        raise ValueError(
            f"“{text}” is not an encoding; write one such as utf-8 or cp1252."
        ) from None


def _timezone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(f"“{text}” is not a time zone; write one such as Europe/Paris.")
    return text


def _delimiter(text: str) -> str:
    text = {"tab": "\t", "\\t": "\t", "semicolon": ";", "comma": ","}.get(text, text)
    if len(text) != 1:
        raise ValueError(f"“{text}” is not a delimiter; write one character, or tab.")
    return text


def _element_path(text: str) -> str:
    if not all(_NAME.fullmatch(step) for step in text.strip("/").split("/")):
        raise ValueError(f"“{text}” is no path of XML names; write one such as orders/order.")
    return text.strip("/")


TABLES = {"csv": "a CSV file", "xlsx": "a workbook"}
"""Formats whose rows are lines of orders."""


class SourceSection(BaseModel):
    """A kind of file that is imported, and how its columns are read.

    `fields` says which column (of a CSV file or a workbook), dotted path (of a JSON line) or path of names (of an XML
    record) holds each of our fields. In rows of purchases each is one line of an order (`lines: rows`) and rows of one
    order follow each other; in JSON Lines and XML `lines` is the path of the list. Without `line_fields` an order is
    its amount, and has no lines.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: Annotated[
        str,
        Field(min_length=1, max_length=100, description="Its name in `cagnotte import --source`."),
    ]
    kind: Kind = Field(description="What its files hold.")
    format: Literal["csv", "jsonl", "xlsx", "xml"] = Field(
        default="csv",
        description="CSV with a header, one JSON object a line, a workbook of Excel, or XML.",
    )
    encoding: Annotated[str, AfterValidator(_encoding)] = Field(
        default="utf-8",
        description="Of CSV and JSON Lines: such as utf-8 or cp1252. The others say it themselves.",
    )
    delimiter: Annotated[str, AfterValidator(_delimiter)] = Field(
        default=",", description="Of CSV: one character, or tab."
    )
    sheet: Annotated[str, Field(min_length=1, max_length=31)] | None = Field(
        default=None, description="Of a workbook: the sheet that is read; default: the first."
    )
    header_row: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="Of a workbook: the row that names the columns."
    )
    record: Annotated[str, AfterValidator(_element_path)] | None = Field(
        default=None,
        description="Of XML: the elements that are orders, or lines of orders with lines: rows; a path such as "
        "orders/order, or a name.",
    )
    timezone: Annotated[str, AfterValidator(_timezone)] | None = Field(
        default=None, description="Of times written without one; default: the programme's."
    )
    amounts: Literal["decimal", "minor"] = Field(default="decimal", description="12.40, or 1240.")
    decimal: Literal[".", ","] = Field(
        default=".",
        description="What stands before the cents; with a comma, 1 234,56 and 1.234,56 are read too.",
    )
    dates: str | None = Field(
        default=None,
        max_length=40,
        description="How dates are written, such as DD/MM/YYYY hh:mm; default: as 2026-11-20T12:30:00.",
    )
    fields: dict[str, str] = Field(default={}, description="Ours: their column or path.")
    lines: str | None = Field(
        default=None,
        description="rows (CSV and XLSX; the default with line_fields), or the path of the list of lines (JSON Lines, "
        "XML).",
    )
    line_fields: dict[str, str] = Field(default={}, description="Ours: their column or key.")
    values: dict[str, dict[str, str]] = Field(
        default={}, description="By field of ours: their words, our word for each."
    )
    defaults: dict[str, str] = Field(
        default={}, description="By field of ours: a constant where the file has nothing."
    )
    unknown_products: Literal["reject", "accept"] = Field(
        default="accept",
        description="Purchases of articles the catalogue does not hold; accepted ones have the category and brand "
        "of their file.",
    )
    returns: Literal["cumulative", "appended"] = Field(
        default="cumulative",
        description="cumulative: an order tells in its returned fields what came back so far. appended: a row or "
        "message with a negative amount is a return of the order it names.",
    )

    @model_validator(mode="after")
    def _speaks_our_words(self) -> "SourceSection":
        self._check_names("fields", self.fields, FIELDS[self.kind])
        self._check_names("line_fields", self.line_fields, self._line_words())
        both = (*FIELDS[self.kind], *self._line_words())
        self._check_names("defaults", self.defaults, both)
        self._check_names("values", self.values, both)
        self._check_required()
        self._check_values()
        self._check_returns()
        return self

    def _line_words(self) -> tuple[str, ...]:
        return LINE_FIELDS if self.kind == "purchases" else ()

    def _check_names(self, key: str, given: dict[str, Any], known: tuple[str, ...]) -> None:
        for name in given:
            if name not in known:
                allowed = choices(known) if known else "nothing, for this kind of source"
                close = meant(name, known) or "."
                raise ValueError(
                    f"{key}: “{name}” is not a field of {self.kind}{close} The words are {allowed}."
                )

    def _check_required(self) -> None:
        here = self.fields.keys() | self.defaults.keys()
        missing = [name for name in REQUIRED[self.kind] if name not in here]
        if self.kind == "purchases":
            lines = (self.line_fields.keys() | self.defaults.keys()) if self.line_fields else here
            missing += [] if "amount" in lines else ["amount"]
        if missing:
            raise ValueError(
                f"Nothing says where {' and '.join(missing)} can be read; name a column in fields (of lines: in "
                "line_fields) or a constant in defaults."
            )
        self._check_lines()
        self._check_spellings()

    def _check_spellings(self) -> None:
        if self.decimal == "," and self.amounts == "minor":
            raise ValueError(
                "decimal: amounts in minor units have no comma; leave one of both out."
            )
        tokens = _DATE_TOKEN.findall(self.dates or "DDMMYYYY")
        has_day = {"DD", "MM"} <= set(tokens) and {"YY", "YYYY"} & set(tokens)
        if not has_day or len(set(tokens)) < len(tokens):
            raise ValueError(
                f"dates: “{self.dates}” is no pattern of dates; write one such as DD/MM/YYYY hh:mm or YYYYMMDD."
            )

    def _check_returns(self) -> None:
        if self.returns == "appended":
            told = sorted({"returned_quantity", "returned_amount"} & self.line_fields.keys())
            if told:
                raise ValueError(
                    f"returns: appended and {told[0]} exclude each other; a source tells its returns in one way."
                )
        elif "return_id" in self.fields:
            raise ValueError(
                "fields: return_id names a return of its own row; write returns: appended."
            )

    def _check_lines(self) -> None:
        if self.format in TABLES and self.lines not in (None, ROWS):
            raise ValueError(
                f"lines: {TABLES[self.format]} holds one line of an order per row; leave it out, or write rows."
            )
        if self.format == "jsonl" and self.line_fields and self.lines in (None, ROWS):
            raise ValueError("lines: say at which path of the JSON the list of lines is.")
        if self.format == "xml" and self.line_fields and self.lines is None:
            raise ValueError(
                "lines: say at which path of a record its lines are, or write rows when each record is a line."
            )
        if self.lines is not None and not self.line_fields:
            raise ValueError("line_fields is missing; it says what the lines hold.")
        self._check_format()

    def _check_format(self) -> None:
        if (self.format == "xml") != (self.record is not None):
            raise ValueError(
                "record is missing; it says which elements of the XML are orders."
                if self.format == "xml"
                else "record: only XML has records; write format: xml, or leave it out."
            )
        if self.format != "xlsx" and (self.sheet is not None or self.header_row != 1):
            raise ValueError(
                "sheet and header_row are of workbooks; write format: xlsx, or leave them out."
            )

    def mapping(self, *, timezone: str) -> dict[str, Any]:
        """Return the reading rules as they are kept with the source; `timezone` is the programme's."""
        data = self.model_dump(mode="json")
        data["timezone"] = self.timezone or timezone
        if self.line_fields and self.format in TABLES:
            data["lines"] = ROWS
        return data

    def _check_values(self) -> None:
        for name, words in self.values.items():
            allowed = CONSTRAINED_VALUES.get(name)
            for ours in words.values():
                if allowed and ours not in allowed:
                    raise ValueError(
                        f"values.{name}: “{ours}” is not a word of ours{meant(ours, allowed) or '.'} "
                        f"Write {choices(allowed)}."
                    )

"""A member's data as a file to take along: JSON for machines, CSV for people, by the list of `personal_data`."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cagnotte.identity.models import Member, Programme
from cagnotte.journeys.personal_data import HOLDINGS, SUBJECTS, Holding, Owner, owner_of, rows_of

FORMAT = "cagnotte-personal-data-1"

Row = dict[str, Any]


def hand_over(programme: Programme, member: Member, *, now: datetime) -> bytes:
    """Return a zip with everything that is kept of a member: `data.json`, a CSV per table, and what each is for."""
    owner = owner_of(member)
    tables = {
        holding.table: list(_rows(holding, owner)) for holding in HOLDINGS if holding.is_there
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("data.json", _json(programme, member, tables, now))
        packed.writestr("contents.csv", _csv(["file", *CONTENTS], _contents(tables)))
        for holding in HOLDINGS:
            rows = tables.get(holding.table)
            if rows:
                packed.writestr(f"{file_name(holding)}.csv", _csv(list(holding.told), rows))
    return out.getvalue()


CONTENTS = ("subject", "rows", "why", "how_long", "at_erasure")
"""Columns of `contents.csv`, after the file's name."""


def file_name(holding: Holding) -> str:
    """Return the name under which a table stands in the file, such as identity_member."""
    return holding.table.replace(".", "_").lower()


def _rows(holding: Holding, owner: Owner) -> Iterator[Row]:
    rows = rows_of(holding, owner).order_by("pk").values_list(*holding.told)
    for row in rows.iterator():
        yield {name: _plain(value) for name, value in zip(holding.told, row, strict=True)}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case UUID():
            return str(value)
        case bytes() | memoryview():
            return bytes(value).decode("utf-8", "replace")
        case None | bool() | int() | float() | str() | list() | dict():
            return value
        case _:
            return str(value)


def _json(
    programme: Programme, member: Member, tables: Mapping[str, list[Row]], now: datetime
) -> str:
    told = {
        "format": FORMAT,
        "programme": {"slug": programme.slug, "name": programme.name},
        "member": member.ref,
        "made_at": now.isoformat(),
        "amounts": _("in minor units of their currency, such as cents"),
        "data": {file_name(one): tables[one.table] for one in HOLDINGS if one.table in tables},
    }
    return json.dumps(told, ensure_ascii=False, indent=1)


def _contents(tables: Mapping[str, list[Row]]) -> Iterator[Row]:
    fates = {
        "deleted": _("deleted"),
        "blanked": _("the personal columns are blanked"),
        "kept": _("kept without a name"),
    }
    for holding in HOLDINGS:
        if holding.table in tables:
            subject = SUBJECTS[holding.subject]
            yield {
                "file": file_name(holding),
                "subject": str(subject.title),
                "rows": len(tables[holding.table]),
                "why": str(subject.why),
                "how_long": str(subject.how_long),
                "at_erasure": fates[holding.fate.value],
            }


def _csv(columns: list[str], rows: Iterator[Row] | list[Row]) -> str:
    """Return a table as CSV in UTF-8 with a mark at its start, by which spreadsheets know the encoding."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns)
    writer.writerows([_cell(row[name]) for name in columns] for row in rows)
    return "\ufeff" + out.getvalue()


def _cell(value: Any) -> str:
    """Return a value for a cell; a text that a spreadsheet would compute begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    is_formula = isinstance(value, str) and text[:1] in {"=", "+", "-", "@", "\t", "\r"}
    return f"'{text}" if is_formula else text

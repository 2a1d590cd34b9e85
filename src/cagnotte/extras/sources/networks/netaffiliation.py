"""What the web service of NetAffiliation answers, which Kwanko keeps running: lines of fields between semicolons.

`GET https://stat.netaffiliation.com/requete.php`, whole days. The first line begins with OK, or with KO and the number
of an error; then comes a line for each conversion, with the fields that were asked for and a letter for its state:
a (waiting), v (valid), r (refused). Format: wiki.netaffiliation.com, “Webservices”, and public clients.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.hooks import reading
from cagnotte.hooks.sources import Moment, SourceFailed

FIELDS = ("idcampagne", "id", "gains", "montant", "monnaie", "etat", "date", "argsite", "argann")
LETTERS = ("a", "v", "r")


def check(body: bytes) -> None:
    """Raise SourceFailed for an answer that does not begin with OK."""
    if not speaks(body):
        refused = re.match(rb"KO (\d{1,9})", body)
        code = f" with error {refused[1].decode()}" if refused else ""
        raise SourceFailed(f"The web service of NetAffiliation refused the request{code}.")


def speaks(body: bytes) -> bool:
    """Tell whether this is an answer of this web service."""
    return re.match(rb"OK( \d+)?\s*(\n|$)", body) is not None


def rows(body: bytes) -> Iterator[dict[str, list[str]]]:
    """Yield the fields of each line below the first."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    for line in text.split("\n")[1:]:
        if line.strip():
            yield {"fields": line.rstrip("\r").split(";")}


def conversion(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a line says, amounts as texts. Raises Misread."""
    fields = line["fields"]
    if len(fields) != len(FIELDS):
        raise reading.Misread(f"The line has {len(fields)} fields instead of {len(FIELDS)}.")
    row = dict(zip(FIELDS, fields, strict=True))
    told = reading.text(row, "etat")
    letters = [letter for letter in LETTERS if letter in told]
    data = {
        "id": reading.text(row, "id"),
        "campaign": reading.text(row, "idcampagne"),
        "state": letters[0] if len(letters) == 1 else told,
        "date": reading.text(row, "date"),
        "amount": _amount(row, "montant"),
        "currency": reading.text(row, "monnaie"),
        "commission": _amount(row, "gains"),
        "click": row["argsite"],
        "order_ref": row["argann"],
    }
    return dict(reading.plain(data))


def moment(written: str, zone: ZoneInfo) -> Moment:
    """Return a time such as “2026-04-02 09:20:00”, in the zone unless “UTC” stands behind it; also day before month."""
    form = "%d/%m/%Y %H:%M:%S" if "/" in written else None
    meant = ZoneInfo("UTC") if written.endswith("UTC") else zone
    at = reading.moment(written.removesuffix("UTC").strip(), "date", meant, form=form)
    return at._replace(text=written)


def _amount(row: Mapping[str, Any], field: str) -> Decimal:
    return reading.exact(row[field].replace(",", "."), field) if row[field] else Decimal(0)

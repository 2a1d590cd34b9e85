"""Files of rejected rows, in the format of the file they come from, so that they can be mended and imported again."""

import importlib
from pathlib import Path
from typing import Protocol

from cagnotte.purchases.mapping import Mapping


class RejectedRows(Protocol):
    """Takes rows as they are kept (`OrderText.raw`)."""

    def write(self, raw: str, /) -> object:
        """Add what was rejected, ended by a line end."""

    def close(self) -> object:
        """Finish the file."""


def rejected_rows(path: Path, original: Path, mapping: Mapping) -> RejectedRows:
    """Begin a file of rejected rows: under the original's header, or within the elements that are around records."""
    if mapping.format == "xlsx":
        module = importlib.import_module("cagnotte.purchases.reading.xlsx_file")
        workbook: RejectedRows = module.XlsxRejects(path, original, mapping)
        return workbook
    if mapping.format == "xml":
        module = importlib.import_module("cagnotte.purchases.reading.xml_file")
        records: RejectedRows = module.XmlRejects(path, mapping)
        return records
    rows = path.open("w", encoding=mapping.encoding, errors="surrogateescape", newline="")
    if mapping.format == "csv":
        with original.open(encoding=mapping.encoding, errors="surrogateescape", newline="") as head:
            rows.write(head.readline())
    return rows

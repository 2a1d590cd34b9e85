"""Files of flat records: members, products, answers."""

from collections.abc import Iterator
from pathlib import Path

from cagnotte.domain.errors import InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.texts import Broken


def read_table(
    path: Path, mapping: Mapping
) -> Iterator[tuple[int, str, dict[str, str] | InvalidRow]]:
    """Read a file of flat records (members, products, answers): (line, raw text, fields by our names or error).

    The mapping's defaults and words are applied; a field that stays empty is left out.
    Raises InvalidInput as `OrderFile`.
    """
    for order in OrderFile(path, mapping):
        if isinstance(order, Broken):
            yield order.row_number, order.raw, order.error
            continue
        fields = {**mapping.defaults, **{name: text for name, text in order.fields.items() if text}}
        for name, words in mapping.values.items():
            if name in fields:
                fields[name] = words.get(fields[name], fields[name])
        yield order.row_number, order.raw, fields

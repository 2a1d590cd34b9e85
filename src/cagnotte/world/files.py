"""The demo's files: what a retailer would send, written where anybody can read, edit and import them again.

Equal seeds give equal bytes, and a month's file does not depend on which other months are written.
"""

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from cagnotte.world import answers, complete_journey, people

GIFT_CARDS = "GIFT CARD"
"""Part of the product types that are themselves money."""

PURCHASE_COLUMNS = ("order", "bought_at", "card", "store", "article", "units", "price", "coupons")

OnLines = Callable[[int], object]
"""Told how many lines of baskets were written."""


@dataclass(frozen=True, slots=True)
class WorldFiles:
    """Where the files are; purchases and answers by the month they belong to, in order."""

    folder: Path
    programme: Path
    members: Path
    products: Path
    purchases: dict[str, Path]
    answers: dict[str, Path]


def months_after(month: str, count: int) -> str:
    """Return the month `count` months later, as 2017-12 → 2018-01 for 1."""
    year, number = map(int, month.split("-"))
    years, rest = divmod(number - 1 + count, 12)
    return f"{year + years}-{rest + 1:02}"


def write(
    folder: Path,
    *,
    seed: int,
    months: Sequence[str],
    baskets_per_month: int | None = None,
    on_lines: OnLines = lambda _: None,
) -> WorldFiles:
    """Write everything for a stretch of months into `folder`; of each month the first baskets alone, if so told.

    Answers come for two months longer than purchases: the last ones are about orders of the last month.
    """
    folder.mkdir(parents=True, exist_ok=True)
    programme = folder / "programme.yaml"
    programme.write_bytes((package_files("cagnotte.world") / "programme.yaml").read_bytes())
    _write_categories(folder / "categories.csv", complete_journey.products())
    _write_products(folder / "products.csv", complete_journey.products())
    _write_members(folder / "members.csv", seed)
    closing = [months_after(months[-1], later + 1) for later in range(answers.LATER_MONTHS_MAX)]
    made = WorldFiles(
        folder,
        programme,
        folder / "members.csv",
        folder / "products.csv",
        {month: folder / f"purchases-{month}.csv" for month in months},
        {month: folder / f"answers-{month}.csv" for month in [*months, *closing]},
    )
    _write_orders(made, seed, baskets_per_month or sys.maxsize, on_lines)
    return made


def _write_rows(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_categories(path: Path, catalogue: Iterable[complete_journey.Product]) -> None:
    names: dict[str, tuple[str, str]] = {}
    for product in catalogue:
        parent = ""
        for ref, name in complete_journey.category_refs(product):
            names.setdefault(ref, (parent, name))
            parent = ref
    _write_rows(
        path,
        ("ref", "parent", "name"),
        ((ref, parent, name) for ref, (parent, name) in sorted(names.items())),
    )


def brand_ref(manufacturer: int) -> str:
    """Return the reference of a brand; the data calls makers by number."""
    return f"maker-{manufacturer}"


def _write_products(path: Path, catalogue: Iterable[complete_journey.Product]) -> None:
    rows = (
        (
            product.id,
            " · ".join(
                filter(None, (product.type or product.category or product.department, product.size))
            ),
            complete_journey.category_refs(product)[-1][0],
            brand_ref(product.manufacturer),
            "true" if GIFT_CARDS in (product.type or "") else "false",
        )
        for product in catalogue
    )
    _write_rows(path, ("article", "name", "category", "maker", "gift_card"), rows)


def _write_members(path: Path, seed: int) -> None:
    _write_rows(
        path, people.Person._fields, people.people(complete_journey.households(), seed=seed)
    )


def _write_orders(made: WorldFiles, seed: int, baskets_max: int, on_lines: OnLines) -> None:
    """Write purchases and answers in one pass over the data, which is in the order of time."""
    with ExitStack() as stack:
        streams = {
            month: stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
            for month, path in made.purchases.items()
        }
        for stream in streams.values():
            stream.write(",".join(PURCHASE_COLUMNS) + "\n")
        answered = _Answered(stack, made.answers)
        for order in _orders(streams, baskets_max):
            for answer in answers.answers(order.ref, order.lines, seed=seed):
                answered.write(months_after(order.month, answer.months_later), answer)
            on_lines(len(order.lines))


class _Answered:
    """The files of answers, by month."""

    def __init__(self, stack: ExitStack, paths: dict[str, Path]) -> None:
        self._writers: dict[str, Any] = {}
        for month, path in paths.items():
            stream = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
            self._writers[month] = csv.writer(stream, lineterminator="\n")
            self._writers[month].writerow(answers.Answer._fields[1:])

    def write(self, month: str, answer: answers.Answer) -> None:
        """Write one answer."""
        self._writers[month].writerow(answer[1:])


class _Order(NamedTuple):
    month: str
    ref: str
    lines: list[answers.BoughtLine]


def _orders(streams: Mapping[str, TextIO], baskets_max: int) -> Iterator[_Order]:
    """Write the lines of the wanted months, one a row; give each order as it is complete."""
    last_month, basket_id, order = max(streams), 0, None
    written = Counter[str]()
    for line in complete_journey.lines():
        if line.month not in streams:
            if line.month > last_month:
                break
            continue
        if order is None or line.basket_id != basket_id:
            if order:
                yield order
                order = None
            if written[line.month] >= baskets_max:
                continue
            written[line.month] += 1
            basket_id, order = line.basket_id, _Order(line.month, str(line.basket_id), [])
        # No value needs quotes: numbers, times and amounts.
        streams[line.month].write(
            f"{basket_id},{line.bought_at},{people.member_ref(line.household_id)},{line.store_id},"
            f"{line.product_id},{line.quantity},{line.amount},{line.discount}\n"
        )
        amount_minor = int(line.amount.replace(".", ""))
        order.lines.append(answers.BoughtLine(len(order.lines) + 1, line.quantity, amount_minor))
    if order:
        yield order

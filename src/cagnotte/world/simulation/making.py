"""A world is made: everything drawn and written to a folder, a day at a time, with flat memory."""

import csv
import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.world.simulation import programmes, readme, writers
from cagnotte.world.simulation.courses import NetworkMessage, TillMessage
from cagnotte.world.simulation.members import PERSON_COLUMNS, members, people
from cagnotte.world.simulation.networks import Networks
from cagnotte.world.simulation.plan import FilesPer, Model, Plan, Returns
from cagnotte.world.simulation.shopping import Order, Shopping
from cagnotte.world.simulation.shops import Network, articles, networks, shops
from cagnotte.world.simulation.steps import Step, steps
from cagnotte.world.simulation.tills import Tills
from cagnotte.world.simulation.truth import Truth

MARK = "world.json"
"""The file by which a folder is known to hold a simulated world."""

OWN_FILES = (
    "programme.yaml", "members.csv", "products.csv", "orders-*", "answers-*", "truth.csv", "truth.json",
    "README.md", "run.sh",
)  # fmt: skip
"""What a world consists of, and is removed before another one is written in its place."""

BUFFERED_TEXTS = 20_000

OnOrders = Callable[[int], object]
"""Told how many orders were written so far."""

TOLD_EVERY_ORDERS = 5_000


@dataclass(frozen=True, slots=True)
class World:
    """A world in its folder.

    Attributes:
        steps: what to do with it, in order. counts: of orders, messages, answers …, as in `truth.json`.
    """

    folder: Path
    plan: Plan
    steps: list[Step]
    counts: dict[str, int]


def make(plan: Plan, folder: Path, *, on_orders: OnOrders = lambda _: None) -> World:
    """Write a world into a folder; the same plan gives the same bytes, whatever was there of an older world.

    Raises Refused when the folder holds anything but a world.
    """
    _clear(folder)
    _write_json(folder / MARK, _plan_data(plan))
    sellers, told_by = shops(plan), networks(plan)
    buyers = members(plan, len(sellers))
    (folder / "programme.yaml").write_text(
        programmes.text(plan, sellers, told_by), encoding="utf-8"
    )
    _write_rows(folder / "members.csv", PERSON_COLUMNS, people(plan, buyers))
    if plan.tells_lines:
        _write_products(plan, folder / "products.csv")
    with (folder / "truth.csv").open("w", encoding="utf-8", newline="\n") as rows:
        truth = Truth(plan, rows)
        telling = _Telling(plan, folder, truth)
        telling.tell(Shopping(plan, buyers, sellers), told_by, on_orders)
    truth.write(folder / "truth.json", sellers, told_by)
    todo = steps(plan, telling.orders.periods(), telling.answers.periods())
    world = World(folder, plan, todo, dict(truth.counts))
    readme.write(world.folder, plan, todo, world.counts)
    _write_json(
        folder / MARK,
        {**_plan_data(plan), "counts": world.counts, "steps": [step.data() for step in todo]},
    )
    return world


def read(folder: Path) -> World:
    """Return the world that a folder holds. Raises InvalidInput when it holds none, or only a part of one."""
    try:
        data = orjson.loads((folder / MARK).read_bytes())
        plan = dict(data["plan"])
        todo = [Step.from_data(step) for step in data["steps"]]
    except (OSError, KeyError, orjson.JSONDecodeError) as error:
        raise InvalidInput(
            f"{folder} holds no finished world; make one with `cagnotte simulate`.",
            path=str(folder),
        ) from error
    plan |= {
        "model": Model(plan["model"]),
        "files_per": FilesPer(plan["files_per"]),
        "returns": Returns(plan["returns"]),
        "starts_on": date.fromisoformat(plan["starts_on"]),
        "formats": tuple(plan["formats"]),
    }
    return World(folder, Plan(**plan), todo, data["counts"])


def _plan_data(plan: Plan) -> dict[str, Any]:
    return {"plan": dataclasses.asdict(plan)}


def _write_json(path: Path, data: dict[str, Any]) -> None:
    path.write_bytes(orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _clear(folder: Path) -> None:
    """Make room for a world; of an older one, remove its own files and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / MARK).is_file():
        if any(folder.iterdir()):
            raise Refused(
                f"{folder} is not empty and holds no simulated world; name another folder.",
                path=str(folder),
            )
        return
    for pattern in OWN_FILES:
        for path in folder.glob(pattern):
            path.unlink()


def _write_rows(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _write_products(plan: Plan, path: Path) -> None:
    rows = (
        (article.sku, article.category, article.brand, "true" if article.gift_card else "false")
        for article in articles(plan)
    )
    _write_rows(path, ("article", "category", "brand", "gift_card"), rows)


class _PeriodFiles:
    """Files of one format, one per period. Texts wait in memory until there are many, then go to their files."""

    def __init__(self, plan: Plan, folder: Path, name: str, suffix: str, header: str) -> None:
        self._names = [f"{name}-{period.name}.{suffix}" for period in plan.calendar.periods]
        self._folder = folder
        self._header = header
        self._waiting: dict[int, list[str]] = {}
        self._count = 0
        self._begun: set[int] = set()

    def add(self, period: int, text: str) -> None:
        """Add a text to the file of a period."""
        if period in self._waiting:
            self._waiting[period].append(text)
        else:
            self._waiting[period] = [text]
        self._count += 1
        if self._count >= BUFFERED_TEXTS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        for period, texts in self._waiting.items():
            path = self._folder / self._names[period]
            with path.open("a", encoding="utf-8", newline="\n") as stream:
                if period not in self._begun:
                    self._begun.add(period)
                    stream.write(self._header)
                stream.writelines(texts)
        self._waiting, self._count = {}, 0

    def periods(self) -> dict[int, str]:
        """Return the file of each period that has one, in order."""
        return {period: self._names[period] for period in sorted(self._begun)}


class _Telling:
    """Routes what is told about each order to its files."""

    def __init__(self, plan: Plan, folder: Path, truth: Truth) -> None:
        self._plan = plan
        self._truth = truth
        self._amounts = writers.Amounts(plan.currency)
        formats = writers.formats_of(plan)
        self._written = []
        for name in plan.formats:
            writer = formats[name](self._amounts)
            files = _PeriodFiles(plan, folder, "orders", writer.suffix, writer.header)
            self._written.append((writer, files))
        self.orders = self._written[0][1]
        self.answers = _PeriodFiles(plan, folder, "answers", "csv", writers.ANSWER_HEADER)

    def tell(self, shopping: Iterable[Order], told_by: list[Network], on_orders: OnOrders) -> None:
        """Tell all orders."""
        tell = (
            self._by_tills(Tills(self._plan))
            if self._plan.tells_lines
            else self._by_networks(Networks(self._plan, told_by))
        )
        for count, order in enumerate(shopping, 1):
            tell(order)
            if count % TOLD_EVERY_ORDERS == 0:
                on_orders(count)
        for _, files in self._written:
            files.flush()
        self.answers.flush()

    def _by_tills(self, tills: Tills) -> Callable[[Order], None]:
        def tell(order: Order) -> None:
            course = tills.course(order)
            for message in course.messages:
                self._write(message.period, message)
            for answer in course.answers:
                self.answers.add(answer.period, writers.answer_text(answer, self._amounts))
            enrolled = order.member.enrolled
            returns = sum(1 for message in course.messages if message.return_id)
            self._truth.told("messages", enrolled, len(course.messages) - returns)
            self._truth.told("returns", enrolled, returns)
            # The rows of one amendment are one answer.
            said = {(answer.period, answer.decision) for answer in course.answers}
            self._truth.told("answers", enrolled, len(said))
            self._truth.add(order, course.end)

        return tell

    def _by_networks(self, networks: Networks) -> Callable[[Order], None]:
        period_of = self._plan.calendar.period_of

        def tell(order: Order) -> None:
            course = networks.course(order)
            for message in course.messages:
                self._write(period_of[message.delivered], message)
            self._truth.told("messages", order.member.enrolled, len(course.messages))
            self._truth.add(order, course.end)

        return tell

    def _write(self, period: int, message: TillMessage | NetworkMessage) -> None:
        for writer, files in self._written:
            files.add(period, writer.text(message))

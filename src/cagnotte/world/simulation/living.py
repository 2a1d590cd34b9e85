"""A world is run through the programme, step by step, by the same journeys that its commands call."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from cagnotte.identity.selectors import programme as find_programme
from cagnotte.journeys import load_programme, pay_out
from cagnotte.journeys.import_file import import_file
from cagnotte.journeys.mature import mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform import database
from cagnotte.world.simulation.making import World
from cagnotte.world.simulation.programmes import SLUG
from cagnotte.world.simulation.steps import Step


@dataclass(slots=True)
class Lived:
    """What running a world came to.

    Attributes:
        counts, rejected: of all files of one kind together, by kind: purchases, decisions, members, products.
        released_minor: what became available. payouts: how many were sent.
    """

    programme_id: UUID
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)
    released_minor: int = 0
    payouts: int = 0


def live(world: World, *, jobs: int = 1) -> Lived:
    """Run all steps of a world against the database that is in use, with `jobs` processes for files of orders.

    Running it again changes nothing.
    """
    load, *rest = world.steps
    loaded = load_programme.run(world.folder / load.file, now=load.at)
    lived = Lived(loaded.programme.id)
    for step in rest:
        if step.verb in ("import", "validate"):
            _take(world, step, jobs, lived)
        elif step.verb == "mature":
            _mature(step, lived)
        else:
            _pay(world, step, lived)
    return lived


def _take(world: World, step: Step, jobs: int, lived: Lived) -> None:
    path = world.folder / step.file
    taken = import_file(path, programme=SLUG, source=step.source, now=step.at, jobs=jobs)
    lived.counts.setdefault(taken.kind, Counter()).update(taken.counts)
    lived.rejected.setdefault(taken.kind, Counter()).update(taken.rejected)


def _mature(step: Step, lived: Lived) -> None:
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, SLUG, step.at)
        lived.released_minor += mature(connection, run, on=run.today).released_minor


def _pay(world: World, step: Step, lived: Lived) -> None:
    order = pay_out.PayRun(
        programme_id=find_programme(SLUG).id,
        now=step.at,
        at=step.at,
        on=step.at.date(),
        folder=world.folder / "bank",
    )
    with database.connect() as connection:
        paid = pay_out.run(connection, order)
    lived.payouts += paid.count

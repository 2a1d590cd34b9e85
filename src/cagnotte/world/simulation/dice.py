"""Chance, drawn so that each actor has a stream of its own and nobody's fate depends on who else is there.

Equal names give equal draws on every machine: streams are seeded with text, only `random()` is drawn from them, and
every figure is made of it by exact arithmetic. No logarithm or power is taken, whose last digit differs by platform.
"""

import random
from collections.abc import Callable, Sequence
from math import sqrt
from typing import TypeVar

T = TypeVar("T")

FULL_BPS = 10_000

EXPONENTIAL = (
    16, 48, 81, 116, 152, 189, 227, 267, 309, 352, 398, 445, 495, 548, 604, 662,
    725, 792, 863, 940, 1023, 1114, 1214, 1326, 1451, 1594, 1761, 1962, 2213, 2549, 3060, 4159,
)  # fmt: skip
"""Waiting times between things that happen at any moment alike, in thousandths of their mean, equally likely."""

HEAVY_MAX = 30.0
"""Nobody is more than so many times as busy as the mean."""


class Dice:
    """One stream of chance at a time; `turn_to` another actor begins theirs.

    Attributes:
        roll: a number from 0 up to, not including, 1.
    """

    __slots__ = ("_random", "_seed", "roll")

    def __init__(self, seed: int, *actor: object) -> None:
        self._seed = seed
        self._random = random.Random()
        self.roll: Callable[[], float] = self._random.random
        self.turn_to(*actor)

    def turn_to(self, *actor: object) -> None:
        """Begin the stream of an actor, such as ("member", 12)."""
        self._random.seed(f"{self._seed}:{':'.join(map(str, actor))}")

    def below(self, count: int) -> int:
        """Return a whole number from 0 up to, not including, `count`."""
        return int(self.roll() * count)

    def between(self, first: int, last: int) -> int:
        """Return a whole number from `first` to `last`, both included."""
        return first + int(self.roll() * (last - first + 1))

    def chance(self, bps: int) -> bool:
        """Tell whether something that happens `bps` times in ten thousand happens."""
        return self.roll() * FULL_BPS < bps

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of some choices, all equally likely."""
        return choices[int(self.roll() * len(choices))]

    def favour(self, choices: Sequence[T]) -> T:
        """Return one of some choices, the earlier ones more likely."""
        drawn = self.roll()
        return choices[int(drawn * drawn * len(choices))]

    def wait(self, mean: int) -> int:
        """Return a waiting time of this mean, in its unit, as between visits that happen at any moment alike."""
        return mean * EXPONENTIAL[int(self.roll() * len(EXPONENTIAL))] // 1_000

    def heavy(self) -> float:
        """Return how busy somebody is, of mean 1, as Pareto found incomes: the busiest fifth does two thirds.

        A power of −3/4 made of square roots, which every machine rounds alike.
        """
        root = sqrt(1.0 - self.roll())
        return min(0.25 / (root * sqrt(root)), HEAVY_MAX)


def slots(weights: Sequence[int]) -> tuple[int, ...]:
    """Return places in `weights`, each as often as its weight says, to pick from at once."""
    return tuple(place for place, weight in enumerate(weights) for _ in range(weight))

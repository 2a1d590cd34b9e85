"""Chance, drawn so that each actor has a stream of its own and nobody's fate depends on who else is there.

A stream is BLAKE2b over its name and a counter, cut into numbers of 32 bits; all that is made of them is integer
arithmetic. So equal names give equal draws with any version of Python on any machine, and to begin a stream costs a
tenth of what seeding `random.Random` does: a million orders begin two million.
"""

import struct
from collections.abc import Sequence
from hashlib import blake2b
from math import isqrt
from typing import TypeVar

T = TypeVar("T")

FULL_BPS = 10_000

EXPONENTIAL = (
    16, 48, 81, 116, 152, 189, 227, 267, 309, 352, 398, 445, 495, 548, 604, 662,
    725, 792, 863, 940, 1023, 1114, 1214, 1326, 1451, 1594, 1761, 1962, 2213, 2549, 3060, 4159,
)  # fmt: skip
"""Waiting times between things that happen at any moment alike, in thousandths of their mean, equally likely."""

HEAVY_MAX = 30_000
"""Nobody is more than so many thousandths of the mean as busy."""

_BITS = 32
_NUMBERS = struct.Struct("<16I")


class Dice:
    """One stream of chance at a time; `turn_to` another actor begins theirs."""

    __slots__ = ("_blocks", "_name", "_numbers", "_seed")

    def __init__(self, seed: int, actor: str = "") -> None:
        self._seed = seed
        self.turn_to(actor)

    def turn_to(self, actor: str) -> None:
        """Begin the stream of an actor, such as "member:12"."""
        self._name = f"{self._seed}:{actor}"
        self._blocks = 0
        self._numbers: list[int] = []

    def _more(self) -> list[int]:
        """Return the stream's next numbers, from which the caller takes the last."""
        block = blake2b(f"{self._name}:{self._blocks}".encode()).digest()
        self._blocks += 1
        self._numbers = list(_NUMBERS.unpack(block))
        return self._numbers

    def below(self, count: int) -> int:
        """Return a whole number from 0 up to, not including, `count`, which is at most 2³²."""
        return (self._numbers or self._more()).pop() * count >> _BITS

    def between(self, first: int, last: int) -> int:
        """Return a whole number from `first` to `last`, both included."""
        return first + ((self._numbers or self._more()).pop() * (last - first + 1) >> _BITS)

    def chance(self, bps: int) -> bool:
        """Tell whether something that happens `bps` times in ten thousand happens."""
        return (self._numbers or self._more()).pop() * FULL_BPS >> _BITS < bps

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of some choices, all equally likely."""
        return choices[(self._numbers or self._more()).pop() * len(choices) >> _BITS]

    def favour(self, choices: Sequence[T]) -> T:
        """Return one of some choices, the earlier ones more likely: half of the draws fall in the first quarter."""
        number = (self._numbers or self._more()).pop()
        return choices[number * number * len(choices) >> 2 * _BITS]

    def wait(self, mean: int) -> int:
        """Return a waiting time of this mean, in its unit, as between visits that happen at any moment alike."""
        return mean * self.pick(EXPONENTIAL) // 1_000

    def heavy(self) -> int:
        """Return how busy somebody is, in thousandths of the mean, as Pareto found incomes.

        298 / u^¾ of an even u, and no more than HEAVY_MAX, makes a mean of 1000; the busiest fifth does three fifths.
        """
        number = (self._numbers or self._more()).pop() + 1
        # With u = number / 2³², u^¾ is √number · √√number / 2²⁴; each root carries 16 binary places.
        root = isqrt(number << 32)
        return min((298 << 56) // (root * isqrt(root << 16)), HEAVY_MAX)


def slots(weights: Sequence[int]) -> tuple[int, ...]:
    """Return places in `weights`, each as often as its weight says, to pick from at once."""
    return tuple(place for place, weight in enumerate(weights) for _ in range(weight))

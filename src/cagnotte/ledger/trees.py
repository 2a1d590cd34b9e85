"""Merkle trees as RFC 6962 builds them, leaf by leaf: of hashes, and of hashes with sums.

A leaf is hashed behind the byte 0, a node behind the byte 1, so neither can pass for the other. The tree of n leaves
has the greatest power of two below n on its left. Only one node per level is kept while leaves stream by.
"""

import hashlib
from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

Node = TypeVar("Node")

_LEAF, _NODE = b"\x00", b"\x01"


class Sum(NamedTuple):
    """A node of a tree of sums: its hash, and what all leaves below it add up to."""

    hash: bytes
    amounts: tuple[int, ...]


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf."""
    return hashlib.sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return hashlib.sha256(_NODE + left + right).digest()


def node_sum(left: Sum, right: Sum) -> Sum:
    """Return the node above two others.

    Its hash covers what each side adds up to, not only their total: otherwise one side could be told with less than
    it holds. Amounts are 8 bytes each, big-endian and unsigned, so a negative one cannot be written.

    Raises OverflowError when an amount is below zero or needs more than 8 bytes.
    """
    return Sum(
        hashlib.sha256(_NODE + _written(left) + _written(right)).digest(),
        tuple(map(int.__add__, left.amounts, right.amounts)),
    )


def _written(node: Sum) -> bytes:
    return node.hash + b"".join([amount.to_bytes(8) for amount in node.amounts])


class Tree(Generic[Node]):
    """A tree that grows to the right, and follows at most one of its leaves.

    Attributes:
        size: leaves so far.
        index: the place of the followed leaf, from 0; None while there is none.
    """

    def __init__(self, combine: Callable[[Node, Node], Node]) -> None:
        self._combine = combine
        # Roots of whole subtrees, the highest first, with their levels.
        self._peaks: list[tuple[int, Node]] = []
        self._path: list[Node] = []
        self._followed_peak: int | None = None
        self.size = 0
        self.index: int | None = None

    def add(self, leaf: Node, *, follow: bool = False) -> None:
        """Append a leaf."""
        peaks, level = self._peaks, 0
        if follow:
            self.index, self._followed_peak = self.size, len(peaks)
        self.size += 1
        while peaks and peaks[-1][0] == level:
            _, left = peaks.pop()
            if self._followed_peak == len(peaks) + 1:
                self._path.append(left)
                self._followed_peak = len(peaks)
            elif self._followed_peak == len(peaks):
                self._path.append(leaf)
            leaf, level = self._combine(left, leaf), level + 1
        peaks.append((level, leaf))

    def root(self) -> Node | None:
        """Return the root, None of an empty tree."""
        return self._joined(0)

    def path(self) -> list[Node]:
        """Return the nodes beside the way from the followed leaf to the root, upwards."""
        if self._followed_peak is None:
            return []
        right = self._joined(self._followed_peak + 1)
        lefts = [node for _, node in reversed(self._peaks[: self._followed_peak])]
        return [*self._path, *([right] if right is not None else []), *lefts]

    def _joined(self, first: int) -> Node | None:
        """Join the peaks from `first` on, the lowest first."""
        joined: Node | None = None
        for _, peak in reversed(self._peaks[first:]):
            joined = peak if joined is None else self._combine(peak, joined)
        return joined


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root of a tree of hashes; that of no leaf is the hash of nothing."""
    tree = Tree(node_hash)
    for leaf in leaves:
        tree.add(leaf)
    return tree.root() or hashlib.sha256().digest()

"""Trees of hashes and of sums: any size, any leaf; the tree that grows equals the one the definition gives."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.ledger.trees import Sum, Tree, leaf_hash, node_hash, node_sum, root_of
from verify import cagnotte_verify as verifier

leaves_of_a_tree = st.lists(st.binary(max_size=8), min_size=1, max_size=80)


def defined_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    left, right = defined_root(leaves[:half]), defined_root(leaves[half:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_the_tree_of_nothing_is_the_hash_of_nothing() -> None:
    assert root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_roots_are_those_that_certificate_logs_publish() -> None:
    # The test vectors of Certificate Transparency's reference implementation.
    leaves = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]
    roots = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    assert {size: root_of(map(leaf_hash, leaves[:size])).hex() for size in roots} == roots


def test_a_tree_that_follows_no_leaf_has_a_root_and_no_path() -> None:
    tree = Tree(node_hash)
    assert (tree.index, tree.path()) == (None, [])

    for leaf in (b"a", b"b", b"c"):
        tree.add(leaf_hash(leaf))

    assert (tree.index, tree.path()) == (None, [])
    assert tree.root() == defined_root([b"a", b"b", b"c"])


@given(leaves_of_a_tree)
def test_a_tree_that_grows_is_the_one_defined(leaves: list[bytes]) -> None:
    assert root_of(leaf_hash(leaf) for leaf in leaves) == defined_root(leaves)


@given(leaves_of_a_tree, st.data())
def test_the_path_of_any_leaf_leads_to_the_root(leaves: list[bytes], data: st.DataObject) -> None:
    followed = data.draw(st.integers(0, len(leaves) - 1))
    tree = Tree(node_hash)
    for place, leaf in enumerate(leaves):
        tree.add(leaf_hash(leaf), follow=place == followed)
    assert (tree.index, tree.size) == (followed, len(leaves))
    leaf = leaf_hash(leaves[followed])
    found = verifier.climb(leaf, followed, len(leaves), tree.path(), verifier.node_hash, "the leaf")
    assert found == tree.root() == defined_root(leaves)


@given(leaves_of_a_tree, st.data())
def test_no_other_place_path_or_size_leads_there(leaves: list[bytes], data: st.DataObject) -> None:
    followed = data.draw(st.integers(0, len(leaves) - 1))
    tree = Tree(node_hash)
    for place, leaf in enumerate(leaves):
        # Leaves differ by their place, so that no two paths can be the same by chance.
        tree.add(leaf_hash(bytes([place]) + leaf), follow=place == followed)
    leaf, path = leaf_hash(bytes([followed]) + leaves[followed]), tree.path()

    def climbs(place: int, nodes: list[bytes]) -> bool:
        try:
            root = verifier.climb(leaf, place, len(leaves), nodes, verifier.node_hash, "it")
        except verifier.Refuted:
            return False
        return bool(root == tree.root())

    assert not any(climbs(place, path) for place in range(-1, 90) if place != followed)
    assert not climbs(followed, [*path, leaf])
    if path:
        assert not climbs(followed, path[:-1])
        assert not climbs(followed, path[1:])


amounts = st.tuples(*[st.integers(0, 10**12)] * 4)


@given(st.lists(amounts, min_size=1, max_size=40), st.data())
def test_sums_reach_the_root_and_the_verifier_agrees(
    wallets: list[tuple[int, ...]], data: st.DataObject
) -> None:
    followed = data.draw(st.integers(0, len(wallets) - 1))
    tree = Tree(node_sum)
    for place, one in enumerate(wallets):
        tree.add(Sum(leaf_hash(bytes([place])), one), follow=place == followed)
    root = tree.root()
    assert root is not None
    assert root.amounts == tuple(map(sum, zip(*wallets, strict=True)))
    found = verifier.climb(
        (leaf_hash(bytes([followed])), list(wallets[followed])),
        followed,
        len(wallets),
        [(node.hash, list(node.amounts)) for node in tree.path()],
        verifier.node_sum,
        "it",
    )
    assert found == (root.hash, list(root.amounts))


def test_a_node_tells_how_its_sum_is_shared_by_its_sides() -> None:
    one, other = leaf_hash(b"1"), leaf_hash(b"2")
    fair = node_sum(Sum(one, (60, 0)), Sum(other, (40, 0)))
    moved = node_sum(Sum(one, (100, 0)), Sum(other, (0, 0)))
    assert fair.amounts == moved.amounts
    assert fair.hash != moved.hash


def test_no_negative_sum_can_be_written() -> None:
    leaf = leaf_hash(b"")
    with pytest.raises(OverflowError):
        node_sum(Sum(leaf, (100,)), Sum(leaf, (-40,)))

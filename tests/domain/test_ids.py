"""Ids made by us: derived from facts, the same on every machine."""

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.ids import (
    BUCKETS,
    bucket_of,
    derived_id,
    milliseconds_in,
    milliseconds_of,
    named_id,
    parse_public_id,
    public_id,
    transaction_id,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ONE = uuid.UUID(int=1)
TWO = uuid.UUID(int=2)


def test_equal_facts_have_equal_ids_and_other_facts_others() -> None:
    assert derived_id(NOON, "a", 1) == derived_id(NOON, "a", 1)
    assert derived_id(NOON, "a", 1) != derived_id(NOON, "a", 2)
    assert derived_id(NOON, "a", "b") != derived_id(NOON, "ab")
    assert derived_id(NOON, "a") != derived_id(NOON + timedelta(milliseconds=1), "a")


def test_ids_never_change_from_one_release_to_the_next() -> None:
    # Written down once: a change here would book every fact of every programme a second time.
    assert str(derived_id(NOON, "a", 1)) == "019ca945-0a00-839e-91a4-21d370be28db"
    assert str(named_id("account", ONE)) == "0926fb5f-6be7-8b3c-a450-be2a415fda51"
    assert (
        str(transaction_id(NOON, ONE, "tracked", TWO, 0)) == "019ca945-0a00-84d3-b73c-7c7213acc93f"
    )
    assert bucket_of(ONE) == 994


def test_an_id_begins_with_its_time_so_that_ids_sort_by_time() -> None:
    earlier, later = derived_id(NOON, "z"), derived_id(NOON + timedelta(seconds=1), "a")
    assert earlier < later
    assert milliseconds_in(earlier) == milliseconds_of(NOON)


def test_a_moment_is_the_same_in_every_time_zone() -> None:
    paris = NOON.astimezone(timezone(timedelta(hours=1)))
    assert derived_id(NOON, "a") == derived_id(paris, "a")


@given(st.text(), st.text())
def test_derived_ids_are_uuids_of_version_8(one: str, other: str) -> None:
    for made in (derived_id(NOON, one, other), named_id(one, other)):
        assert made.version == 8
        assert made.variant == uuid.RFC_4122


def test_each_part_of_a_transaction_counts() -> None:
    ids = {
        transaction_id(NOON, ONE, "tracked", TWO, 0),
        transaction_id(NOON, TWO, "tracked", TWO, 0),
        transaction_id(NOON, ONE, "confirmed", TWO, 0),
        transaction_id(NOON, ONE, "tracked", ONE, 0),
        transaction_id(NOON, ONE, "tracked", TWO, 1),
    }
    assert len(ids) == 5


@given(st.uuids())
def test_every_book_has_a_bucket(book: uuid.UUID) -> None:
    assert 0 <= bucket_of(book) < BUCKETS


@given(st.uuids())
def test_a_public_id_reads_back(identity: uuid.UUID) -> None:
    text = public_id("pur", identity)
    assert len(text) == 30
    assert parse_public_id("pur", text) == identity


@pytest.mark.parametrize(
    "text", ["", "pur_", "mem_00000000000000000000000001", "pur_0000000000000000000000000u", "pur"]
)
def test_what_is_no_public_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no id of the form pur_"):
        parse_public_id("pur", text)


def test_a_public_id_beyond_128_bits_is_refused() -> None:
    with pytest.raises(ValueError, match="is no id"):
        parse_public_id("pur", "pur_" + "z" * 26)

"""Numbers of members: drawn, readable, and mistyped ones are found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.member_numbers import LENGTH, NUMBER_BITS, is_number, number_of, shown
from cagnotte.domain.voucher_codes import ALPHABET

DRAWN = st.integers(0, 2**NUMBER_BITS - 1)


@given(DRAWN, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_mistyped_character_is_found(drawn: int, place: int, typed: str) -> None:
    number = number_of(drawn)
    assert is_number(number)
    mistyped = number[:place] + typed + number[place + 1 :]
    assert is_number(mistyped) is (mistyped == number)


@given(DRAWN, st.integers(0, LENGTH - 2))
def test_two_that_changed_places_are_found(drawn: int, place: int) -> None:
    number = number_of(drawn)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert is_number(swapped) is (swapped == number)


def test_ours_are_shown_in_two_groups_and_others_as_they_are() -> None:
    number = number_of(123_456_789)
    assert shown(number) == f"{number[:5]} {number[5:]}"
    assert (shown("H0906"), shown("K7P2M9XQ4U")) == ("H0906", "K7P2M9XQ4U")


@pytest.mark.parametrize("drawn", [-1, 2**NUMBER_BITS])
def test_more_chance_than_there_is_room_for_is_refused(drawn: int) -> None:
    with pytest.raises(ValueError, match="45 bits"):
        number_of(drawn)

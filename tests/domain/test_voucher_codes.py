"""Codes that people read out and type: nothing is lost on the way, and typing errors are found."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.voucher_codes import ALPHABET, CODE_BITS, code_of, last4, read, shown

drawn = st.integers(0, 2**CODE_BITS - 1)


def refused(typed: str) -> bool:
    try:
        read(typed)
    except InvalidInput:
        return True
    return False


def test_the_alphabet_has_no_two_letters_that_look_alike() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


@given(drawn)
def test_a_code_is_read_as_it_was_written(number: int) -> None:
    code = code_of(number)
    assert read(code) == read(shown(code)) == read(shown(code).lower()) == code
    assert shown(code).endswith(last4(code))


def test_what_people_write_for_digits_is_read_as_digits() -> None:
    code = code_of(0b00001_00000 << 55)
    assert code.startswith("10")
    assert read(f" i o{code[2:]}") == read(f"lO-{code[2:]}") == code


@given(drawn)
def test_every_wrong_character_is_found(number: int) -> None:
    code = code_of(number)
    for place, character in itertools.product(range(len(code)), ALPHABET):
        typed = code[:place] + character + code[place + 1 :]
        assert refused(typed) == (typed != code)


@given(drawn)
def test_any_two_characters_that_changed_places_are_found(number: int) -> None:
    code = code_of(number)
    for one, other in itertools.combinations(range(len(code)), 2):
        letters = list(code)
        letters[one], letters[other] = letters[other], letters[one]
        assert refused("".join(letters)) == (letters != list(code))


@pytest.mark.parametrize("typed", ["", "K7P2M", "U" * 14, "K7P2M-9XQ4T-0ABCD", "é" * 14])
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput, match="14 characters"):
        read(typed)


@pytest.mark.parametrize("number", [-1, 2**CODE_BITS])
def test_a_code_is_drawn_from_65_bits(number: int) -> None:
    with pytest.raises(ValueError, match="65 bits"):
        code_of(number)

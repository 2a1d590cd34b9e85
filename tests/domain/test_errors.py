"""Errors: one tree, a sentence and its facts each, and they survive a change of process."""

import pickle

import pytest

from cagnotte.domain import errors
from cagnotte.domain.errors import CagnotteError, InvalidInput, InvalidRow, NotFound, Refused


def _tree(root: type[CagnotteError]) -> list[type[CagnotteError]]:
    return [root, *(found for child in root.__subclasses__() for found in _tree(child))]


OURS = [kind for kind in _tree(CagnotteError) if kind.__module__ == errors.__name__]


@pytest.mark.parametrize("kind", OURS)
def test_every_error_has_a_sentence_and_a_code(kind: type[CagnotteError]) -> None:
    assert kind.__doc__ is not None
    assert kind.__doc__.split("\n")[0].endswith(".")
    assert kind.code == kind.code.lower()
    assert " " not in kind.code


def test_codes_are_different() -> None:
    assert len({kind.code for kind in OURS}) == len(OURS)


def test_an_error_says_its_sentence_and_carries_its_facts() -> None:
    error = NotFound("There is no shop “x”.", shop="x")
    assert str(error) == error.sentence == "There is no shop “x”."
    assert error.shop == "x"
    assert error.code == "not_found"


def test_without_words_of_its_own_it_says_what_its_class_says() -> None:
    assert str(Refused()) == "The request is understood but not allowed now; nothing was changed."


def test_a_fact_it_does_not_have_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="missing"):
        _ = NotFound("No.").missing


def test_a_rejected_row_carries_its_reason() -> None:
    error = InvalidRow("bad_date", "“x” is no date.", text="x")
    assert (error.reason, error.text, error.sentence) == ("bad_date", "x", "“x” is no date.")
    assert isinstance(error, InvalidInput)


@pytest.mark.parametrize(
    "error",
    [
        NotFound("There is no shop “x”.", shop="x"),
        Refused(),
        InvalidRow("bad_date", "“x” is no date.", text="x"),
    ],
)
def test_an_error_arrives_whole_from_another_process(error: CagnotteError) -> None:
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is type(error)
    assert (copy.sentence, copy.facts, str(copy)) == (error.sentence, error.facts, str(error))
    assert getattr(copy, "reason", None) == getattr(error, "reason", None)

"""Members are drawn from the seed, each alone."""

import pytest

from cagnotte.domain.errors import InvalidRow
from cagnotte.journeys.enrol import read
from cagnotte.world.people import people


def test_the_same_seed_draws_the_same_people() -> None:
    assert list(people(range(1, 50), seed=1)) == list(people(range(1, 50), seed=1))


def test_another_seed_draws_others() -> None:
    first, second = (next(people([7], seed=seed)) for seed in (1, 2))
    assert first.ref == second.ref == "H0007"
    assert first.iban != second.iban


def test_every_account_would_be_accepted_but_the_mistyped_ones() -> None:
    refused = []
    for line, person in enumerate(people(range(1, 1200), seed=2017)):
        try:
            read(line, person._asdict())
        except InvalidRow as error:
            refused.append((person.ref, error.reason))
    assert [ref for ref, _ in refused] == ["H0501"]


@pytest.mark.parametrize(
    ("what", "low", "high"), [("DE", 250, 350), ("", 45, 95), ("club", 160, 240)]
)
def test_shares_are_about_what_they_should_be(what: str, low: int, high: int) -> None:
    drawn = list(people(range(1, 1001), seed=2017))
    counts = {
        "DE": sum(person.country == "DE" for person in drawn),
        "": sum(not person.iban for person in drawn),
        "club": sum(person.segments == "club" for person in drawn),
    }
    assert low <= counts[what] <= high

"""What the retailer answers: drawn from the seed, and never more returned than was bought."""

from collections import Counter

from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.world.answers import DECLINE_REASONS, BoughtLine, answers

LINES = [BoughtLine(1, 3, 1000), BoughtLine(2, 13_250, 4000), BoughtLine(3, 1, 0)]
ORDERS = [str(number) for number in range(4000)]


def test_the_same_seed_answers_the_same() -> None:
    assert [list(answers(ref, LINES, seed=3)) for ref in ORDERS[:200]] == [
        list(answers(ref, LINES, seed=3)) for ref in ORDERS[:200]
    ]


def test_reasons_are_words_of_the_field() -> None:
    assert set(DECLINE_REASONS) <= REASON_CODES


def test_most_orders_are_confirmed_at_once_and_the_others_as_often_as_said() -> None:
    stories = Counter(
        tuple((answer.months_later, answer.decision) for answer in answers(ref, LINES, seed=2017))
        for ref in ORDERS
    )
    share_of = {story: 100 * count / len(ORDERS) for story, count in stories.items()}
    assert 88 < share_of[(0, "confirm"),] < 92
    assert 1.5 < share_of[(0, "decline"),] < 2.5
    assert 2.4 < share_of[(0, "amend"), (0, "confirm")] < 3.6
    assert 0.5 < share_of[(0, "confirm"), (2, "decline")] < 1.2
    assert 1 < share_of[(0, "confirm"), (2, "amend")] < 2
    assert 1.5 < share_of[(1, "confirm"),] < 2.5
    assert 0.2 < share_of[()] < 0.9
    assert len(stories) == 7


def test_a_return_takes_some_units_of_a_line_at_their_price_never_fuel_and_never_a_free_line() -> (
    None
):
    returns = {
        answer[4:]
        for ref in ORDERS
        for answer in answers(ref, LINES, seed=2017)
        if answer.decision == "amend"
    }
    assert returns == {("1", "1", "3.33"), ("1", "2", "6.66"), ("1", "3", "10.00")}


def test_an_order_without_anything_to_bring_back_is_confirmed_whole() -> None:
    decisions = {answer.decision for ref in ORDERS for answer in answers(ref, LINES[1:], seed=2017)}
    assert decisions == {"confirm", "decline"}

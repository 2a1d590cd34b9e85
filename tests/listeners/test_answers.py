"""What an answer of a service means for what it was told."""

from collections.abc import Iterator, Mapping

import pytest

from cagnotte.extras.listeners.answers import Verdict, in_turn, retry_after, verdict
from cagnotte.hooks.listeners import Became, Outcome
from cagnotte.hooks.sources import HttpAnswer
from tests.listeners.case import event


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> HttpAnswer:
    return HttpAnswer(status, headers or {}, body)


@pytest.mark.parametrize(
    ("told", "became"),
    [
        (200, Became.SENT),
        (204, Became.SENT),
        (301, Became.LATER),
        (400, Became.REFUSED),
        (401, Became.LATER),
        (403, Became.LATER),
        (404, Became.REFUSED),
        (408, Became.LATER),
        (413, Became.REFUSED),
        (423, Became.LATER),
        (429, Became.LATER),
        (500, Became.LATER),
        (503, Became.LATER),
    ],
)
def test_a_status_says_what_becomes_of_the_events(told: int, became: Became) -> None:
    assert verdict("Radio", answer(told)).became is became


def test_the_services_own_words_are_kept_as_far_as_they_are_short() -> None:
    said = verdict("Radio", answer(400, b'{"message": "No such wave"}'))
    assert said.sentence == "Radio answered 400: No such wave"
    assert len(verdict("Radio", answer(400, b'{"message": "' + b"x" * 900 + b'"}')).sentence) < 350
    assert verdict("Radio", answer(500, b"<html>")).sentence == "Radio answered 500."
    assert verdict("Radio", answer(500, b'{"message": 1.5}')).sentence == "Radio answered 500."


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30),
        ({"retry-after": "1.2"}, 2),
        (
            {
                "retry-after": "Fri, 20 Nov 2026 12:02:00 GMT",
                "date": "Fri, 20 Nov 2026 12:00:00 GMT",
            },
            120,
        ),
        (
            {
                "retry-after": "Fri, 20 Nov 2026 11:00:00 GMT",
                "date": "Fri, 20 Nov 2026 12:00:00 GMT",
            },
            0,
        ),
        ({"retry-after": "Fri, 20 Nov 2026 12:02:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait_is_read_as_seconds_or_as_a_moment(
    headers: dict[str, str], seconds: int | None
) -> None:
    assert retry_after(answer(429, headers=headers)) == seconds


def test_the_header_goes_before_what_a_service_says_in_words_of_its_own() -> None:
    own = verdict("Radio", answer(429), retry_after_seconds=7)
    assert own.retry_after_seconds == 7
    both = verdict("Radio", answer(429, headers={"retry-after": "30"}), retry_after_seconds=7)
    assert both.retry_after_seconds == 30
    now = verdict("Radio", answer(503, headers={"retry-after": "0"}), retry_after_seconds=7)
    assert now.retry_after_seconds == 0


def test_once_a_batch_is_put_off_those_behind_it_are_not_tried() -> None:
    tried: list[int] = []

    def tell(batch: list[int]) -> Iterator[Outcome]:
        tried.extend(batch)
        late = Verdict(Became.LATER, "Busy.", 9) if 3 in batch else Verdict(Became.SENT)
        return late.of(event(number, "member.joined") for number in batch)

    told = in_turn(
        [[1, 2], [3, 4], [5], [6]],
        tell,
        lambda batch: [event(number, "member.joined") for number in batch],
    )
    assert list(told) == [
        Outcome("evt_1", Became.SENT),
        Outcome("evt_2", Became.SENT),
        *(Outcome(f"evt_{number}", Became.LATER, "Busy.", 9) for number in (3, 4, 5, 6)),
    ]
    assert tried == [1, 2, 3, 4]

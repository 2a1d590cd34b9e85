"""Which telling of a piece counts, and what becomes of what a plugin must not say."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.extras.sources.networks.postback import Postback
from cagnotte.hooks.reading import read_json
from cagnotte.hooks.sources import Ignored, Message, Piece, Read, SourceContext, Unreadable, Wanted
from cagnotte.inbox.folding import Failed, fold
from cagnotte.inbox.tellings import Telling, kept_form, that_count, understand
from tests.sources.standing import Standing

CONTEXT = SourceContext({}, {}, ZoneInfo("Europe/Paris"), datetime(2026, 3, 1, tzinfo=UTC))


class Said(Postback):
    """A plugin that says what a test wants it to."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def parse(self, message: Message, context: SourceContext) -> Iterator[Read]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part


def told(*parts: Any) -> Any:
    return understand(Said(*parts), 7, Message(b""), CONTEXT)


tellings = st.lists(
    st.builds(
        Telling,
        st.just("W1"),
        st.sampled_from(["order", "refund:1"]),
        st.integers(1, 3),
        st.integers(0, 2),
        st.sampled_from(["{}", '{"a":1}', '{"a":2}']),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=5,
)


@given(tellings, st.randoms(use_true_random=False))
def test_the_order_of_arrival_decides_nothing_where_there_are_versions(
    found: list[Telling], rng: Any
) -> None:
    again = found + rng.choices(found, k=2)
    rng.shuffle(again)

    def data(some: list[Telling]) -> dict[Any, str]:
        return {key: telling.data for key, telling in that_count(some).items()}

    assert data(found) == data(again)


def test_without_versions_what_came_last_counts_whatever_is_looked_at_first() -> None:
    one = [Telling("W1", "order", None, 0, kept_form({"n": n}), n, place=n % 2) for n in range(3)]
    for some in itertools.permutations(one):
        assert [telling.data for telling in that_count(some).values()] == ['{"n":2}']


@given(tellings)
def test_the_inbox_keeps_what_the_contract_of_sources_expects(found: list[Telling]) -> None:
    standing = Standing(Said(), CONTEXT)
    for telling in found:
        data = {"text": telling.data}
        standing._put(Piece(telling.object_id, telling.key, data, telling.version, telling.weight))
    kept = that_count(
        [telling._replace(data=kept_form({"text": telling.data})) for telling in found]
    )
    assert {key: piece.data["text"] for key, piece in standing.pieces["W1"].items()} == {
        key: found_data(telling) for (_, key), telling in kept.items()
    }


def found_data(telling: Telling) -> str:
    text: str = read_json(telling.data.encode())["text"]
    return text


def test_all_that_a_message_tells_is_sorted() -> None:
    found = told(
        Piece("W1", "order", {"b": 1, "a": "é"}, datetime(2026, 3, 1, 1, tzinfo=ZoneInfo("Europe/Paris"))),
        Unreadable("misread", "Row 2 is no row.", "row 2"),
        Ignored("a ping"),
        Wanted("W9"),
    )  # fmt: skip
    assert found.tellings == [
        Telling("W1", "order", datetime(2026, 3, 1, tzinfo=UTC), 0, '{"a":"\\u00e9","b":1}', 7, 0)
    ]
    assert (found.problems, found.ignored, found.wanted) == (
        [("misread", "Row 2 is no row.", "row 2")], ["a ping"], ["W9"],
    )  # fmt: skip


@pytest.mark.parametrize(
    "bad",
    [
        Piece("W1", "", {}),
        Piece("W1", "order", {"a": object()}),
        Piece("W1", "order", {"a": float("nan")}),
        Piece("W1", "order", {}, datetime(2026, 3, 1)),  # noqa: DTZ001 - that is what is wrong
        Piece("W1", "order", {}, 2**63),
        Piece("W1", "order", {}, 1, 2**15),
        Piece(None, "order", {}),  # type: ignore[arg-type]
        None,
        ZeroDivisionError("nothing"),
        RecursionError(),
    ],
)
def test_what_a_plugin_must_not_say_spoils_its_message_alone(bad: Any) -> None:
    found = told(Piece("W1", "order", {}), bad)
    assert found.tellings == []
    ((reason, sentence, where),) = found.problems
    assert (reason, where) == ("plugin_failed", "")
    assert sentence.startswith("The plugin failed with ")


def test_a_fold_that_fails_says_so() -> None:
    found = fold(Postback(), "A-17", {"order": "{}"}, CONTEXT)
    assert isinstance(found, Failed)
    assert (found.reason, found.sentence) == ("misread", "“at” is missing.")
    found = fold(Postback(), "A-17", {"other": "{}"}, CONTEXT)
    assert isinstance(found, Failed)
    assert found.reason == "plugin_failed"

"""What every source keeps to, whatever it speaks: one test for each promise, once for each plugin."""

import contextlib
import importlib
import itertools
import random
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Validation
from cagnotte.hooks import manager
from cagnotte.hooks.sources import (
    BadSignature,
    Link,
    Message,
    PurchaseReport,
    SourceFailed,
    UnknownWord,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.standing import Standing

ORDERS_TRIED_MAX = 60

NAMES = sorted(manager.source_plugins())


def case_of(name: str) -> Case:
    case = importlib.import_module(f"tests.sources.test_{name}").CASE
    assert isinstance(case, Case)
    return case


@pytest.fixture(params=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


@pytest.fixture(params=[name for name in NAMES if case_of(name).plugin.receives])
def receiving(request: pytest.FixtureRequest) -> Case:
    return case_of(request.param)


def standing(case: Case) -> Standing:
    return Standing(case.plugin, case.context())


def test_a_plugin_says_who_it_is_and_what_it_needs(case: Case) -> None:
    plugin = case.plugin
    assert manager.source_plugin(plugin.name).title == plugin.title
    assert all(setting.help.endswith(".") for setting in plugin.settings)
    assert len({setting.name for setting in plugin.settings}) == len(plugin.settings)
    assert plugin.polls or plugin.receives or plugin.name in {"till", "rest"}
    assert (plugin.pace is not None) == plugin.polls
    assert case.lives, "a source without an order proves nothing"


def test_an_order_stands_as_its_messages_say(case: Case) -> None:
    for life in case.lives:
        assert standing(case).take(*life.messages).report(life.object_id) == life.final


def test_messages_that_come_again_change_nothing(case: Case) -> None:
    for life in case.lives:
        twice = [message for message in life.messages for _ in range(2)]
        assert standing(case).take(*twice).report(life.object_id) == life.final
        if not life.in_order:
            again = standing(case).take(*life.messages, *life.messages)
            assert again.report(life.object_id) == life.final


def test_messages_may_come_in_any_order(case: Case) -> None:
    for life in case.lives:
        if life.in_order:
            continue
        for order in _orders(life.messages):
            assert standing(case).take(*order).report(life.object_id) == life.final


def _orders(messages: Iterable[Message]) -> list[tuple[Message, ...]]:
    known = list(messages)
    if len(known) <= 4:
        return list(itertools.permutations(known))
    drawn = random.Random(len(known))
    return [tuple(drawn.sample(known, len(known))) for _ in range(ORDERS_TRIED_MAX)]


def test_amounts_fit_the_currency_and_the_order(case: Case) -> None:
    for report in _final_reports(case):
        decimals = decimals_of(report.currency)
        for line in report.lines:
            for amount in (line.amount, line.discount, line.tax, line.returned_amount):
                assert isinstance(amount, Decimal)
                assert amount >= 0
                assert amount == round(amount, decimals), "an order's amounts are exact"
            assert line.returned_amount <= line.amount
            assert line.returned_quantity <= line.quantity
        assert len({line.number for line in report.lines}) == len(report.lines)


def test_times_are_exact_and_know_how_they_were_written(case: Case) -> None:
    for report in _final_reports(case):
        for moment in (report.occurred_at, report.clicked_at):
            if moment is not None:
                assert moment.utc.tzinfo is UTC
                assert moment.text


def _final_reports(case: Case) -> list[PurchaseReport]:
    return [life.final for life in case.lives if isinstance(life.final, PurchaseReport)]


def test_each_word_of_the_vocabulary_means_one_state(case: Case) -> None:
    if case.with_status is None:
        assert not case.plugin.vocabulary.statuses
        return
    for word, status in case.plugin.vocabulary.statuses.items():
        (report,) = standing(case).take(case.with_status(word)).reports().values()
        assert isinstance(report, PurchaseReport), word
        assert report.status is status, word
        assert isinstance(status, Validation)


def test_an_unknown_word_is_refused_by_name(case: Case) -> None:
    if case.with_status is None:
        return
    taken = standing(case)
    refused = []
    try:
        taken.take(case.with_status("frobnicated"))
        taken.reports()
    except UnknownWord as error:
        refused.append(error.sentence)
    refused += [one.sentence for one in taken.unreadable]
    assert any("frobnicated" in sentence for sentence in refused)


def test_messages_about_nothing_do_no_harm(case: Case) -> None:
    for message in case.useless:
        for report in standing(case).take(message).reports().values():
            assert isinstance(report, PurchaseReport)
            assert report.test


# ---- what was written is what is read ----

AMOUNTS = st.decimals(Decimal("0.01"), Decimal(20_000), places=2)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))  # noqa: DTZ001 - aware by `timezones`
REFS = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789-", min_size=1, max_size=20).filter(
    lambda ref: ref.strip("-0") != ""
)
CLICKS = st.text("abcdefghjkmnpqrstvwxyz0123456789", min_size=20, max_size=20)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_was_written_is_what_is_read(name: str, data: st.DataObject) -> None:
    case = case_of(name)
    if case.message_of is None:
        return
    amount = data.draw(AMOUNTS)
    bought = Bought(
        data.draw(REFS),
        data.draw(MOMENTS).replace(microsecond=0),
        amount,
        min(data.draw(AMOUNTS), amount),
        data.draw(CLICKS),
    )
    (report,) = standing(case).take(*case.message_of(bought)).reports().values()
    assert isinstance(report, PurchaseReport)
    told = {
        "order_ref": report.order_ref,
        "at": report.occurred_at.utc,
        "amount": sum((line.amount - line.discount for line in report.lines), report.delivery),
        "commission": report.commission,
        "click": next((trace.value for trace in report.traces if trace.kind == "click"), None),
    }
    for fact in case.reads_back:
        assert told[fact] == getattr(bought, fact), fact


# ---- damaged messages ----


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_message_is_refused_or_read_never_worse(name: str, data: st.DataObject) -> None:
    case = case_of(name)
    life = data.draw(st.sampled_from(list(case.lives)))
    messages = list(life.messages)
    place = data.draw(st.integers(0, len(messages) - 1))
    messages[place] = replace(messages[place], body=_damaged(messages[place].body, data))
    taken = standing(case)
    with contextlib.suppress(InvalidInput):
        taken.take(*messages)
        for report in taken.reports().values():
            _is_sane(report)


def _is_sane(report: object) -> None:
    if isinstance(report, PurchaseReport):
        decimals_of(report.currency)
        for line in report.lines:
            assert isinstance(line.amount, Decimal)
            assert line.amount.is_finite()
        assert report.commission is None or report.commission.is_finite()
        assert report.occurred_at.utc.tzinfo is UTC


FRAGMENTS = (
    b"", b"null", b"-1", b"1e999", b"NaN", b'""', b"[]", b"{}", b"true", b"0", b"\x00", b"\xff",
    b"99999999999999999999", b'"12,50"', b"2026-02-30", b"2026-03-29T02:30:00", b"XXX", b"'", b"<", b"&",
)  # fmt: skip


def _damaged(body: bytes, data: st.DataObject) -> bytes:
    """Cut a body off, take a piece out of it, put something else there, or say a piece twice."""
    start = data.draw(st.integers(0, len(body)))
    length = data.draw(st.integers(0, min(30, len(body) - start)))
    how = data.draw(st.sampled_from(("cut", "replace", "twice", "token")))
    if how == "cut":
        return body[:start]
    if how == "twice":
        return body[:start] + body[start : start + length] + body[start:]
    if how == "token":
        return _another_value(body, data)
    return body[:start] + data.draw(st.sampled_from(FRAGMENTS)) + body[start + length :]


def _another_value(body: bytes, data: st.DataObject) -> bytes:
    """Replace what stands between two delimiters: a whole value, so that the rest still parses."""
    values = list(re.finditer(rb'"[^"]*"|-?\d+(\.\d+)?|(?<=>)[^<]+(?=<)|(?<==)[^&]+', body))
    if not values:
        return body
    value = data.draw(st.sampled_from(values))
    return body[: value.start()] + data.draw(st.sampled_from(FRAGMENTS)) + body[value.end() :]


# ---- signatures ----


def test_a_signature_is_of_these_bytes_and_of_a_valid_secret(receiving: Case) -> None:
    case = receiving
    if case.signed is None:
        return
    present, before = "present-secret-0123456789", "secret-before-0123456789"
    context = case.context(secrets={**case.secrets, case.secret_name: [present, before]})
    for secret in (present, before):
        assert case.plugin.verify_signature(case.signed(case.signed_body, secret), context)
    right = case.signed(case.signed_body, present)
    forged = [
        case.signed(case.signed_body, "another-secret-0123456789"),
        replace(right, body=right.body + b" ", query=right.query + "&more=1"),
        replace(right, headers={}, query="", body=case.signed_body),
    ]
    for request in forged:
        with pytest.raises(BadSignature):
            case.plugin.verify_signature(request, context)
    with pytest.raises(BadSignature):
        case.plugin.verify_signature(
            right, case.context(secrets={**case.secrets, case.secret_name: []})
        )


# ---- links ----


def test_a_link_carries_target_and_click(case: Case) -> None:
    link = Link("https://shop.example/a?b=c&d=é", "k7m2p9q4r8s3t6v1w5x0")
    if case.plugin.click_length_max is None:
        with pytest.raises(SourceFailed):
            case.plugin.deep_link(link, case.context())
        return
    assert len(link.click) <= case.plugin.click_length_max
    made = case.plugin.deep_link(link, case.context())
    assert made.startswith("https://")
    assert link.click in made
    assert "shop.example" in made
    assert " " not in made
    assert made.isascii()


def test_every_life_of_a_case_is_of_its_own_order(case: Case) -> None:
    ids = [life.object_id for life in case.lives]
    assert len(set(ids)) == len(ids)
    assert all(isinstance(life, Life) for life in case.lives)

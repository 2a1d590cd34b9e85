"""What is an error among the answers of networks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cagnotte.extras.sources.networks import asking
from cagnotte.hooks.sources import HttpAnswer, SourceContext, SourceFailed


def context(**settings: str) -> SourceContext:
    return SourceContext(settings, {}, ZoneInfo("Europe/Paris"), datetime(2026, 11, 20, tzinfo=UTC))


def test_an_answer_is_read_exactly() -> None:
    told = asking.accepted_json(HttpAnswer(200, {}, b'{"amount": 12.40}'), "Somebody")
    assert str(told["amount"]) == "12.40"


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, b"{}", "Somebody does not accept the credentials"),
        (403, b"{}", "Somebody does not accept the credentials"),
        (500, b"token abc is unknown", "Somebody answered with status 500"),
        (302, b"", "Somebody answered with status 302"),
        (200, b" ", "Somebody answered nothing"),
        (200, b"<html>", "Somebody answered something else"),
    ],
)
def test_errors_are_told_without_what_the_other_side_wrote(
    status: int, body: bytes, sentence: str
) -> None:
    with pytest.raises(SourceFailed, match=sentence) as failed:
        asking.accepted_json(HttpAnswer(status, {}, body), "Somebody")
    assert "abc" not in str(failed.value)


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SourceFailed, match="publisher_id"):
        asking.setting(context(), "publisher_id")


def test_an_address_has_no_slash_at_its_end() -> None:
    assert asking.api_url(context(api_url="https://api.example/v1/")) == "https://api.example/v1"


@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5", "99999", "١٢"])
def test_a_history_that_is_no_number_of_days_is_refused(value: str) -> None:
    with pytest.raises(SourceFailed, match="history_days"):
        asking.history_days(context(history_days=value))
    assert asking.history_days(context(history_days="400")) == 400


@pytest.mark.parametrize("value", [None, [], "text", 7])
def test_what_should_be_an_object_and_is_none_is_refused(value: object) -> None:
    with pytest.raises(SourceFailed, match="no object"):
        asking.mapped(value, "Somebody")
    assert asking.mapped({"id": 1}, "Somebody") == {"id": 1}

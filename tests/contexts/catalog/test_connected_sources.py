# ruff: noqa: E501 - an expected sentence stands whole on its line
"""What a programme file says of connected sources, and what it must not say."""

from pathlib import Path

import pytest

from cagnotte.catalog.programme_file import parse
from cagnotte.catalog.programme_file.connected_sources import ConnectedSection, span_to_minutes
from tests.contexts.catalog.files import errors, write

HEAD = """
programme: {slug: a, name: A, currency: EUR, timezone: Europe/Rome}
merchants: [{ref: corner}, {ref: market}]
sources:
"""


def test_a_source_with_a_plugin_is_connected_and_stands_beside_files(tmp_path: Path) -> None:
    text = (
        f"{HEAD}"
        "  - {ref: members, kind: members, fields: {ref: no}}\n"
        "  - {ref: partners, plugin: postback, settings: {link: ' https://x.example/{click} '},"
        " merchants: {'1001': corner}, merchant: market, rank: 7, silent_after: 36 hours}\n"
    )
    files, connected = parse(write(tmp_path, text)).file.sources
    assert files.kind == "members"
    assert isinstance(connected, ConnectedSection)
    assert connected.kind == "connected"
    assert connected.mapping(timezone="Europe/Rome") == {
        "plugin": "postback",
        "timezone": "Europe/Rome",
    }
    assert connected.all_settings() == {"link": "https://x.example/{click}"}
    assert (connected.merchant, connected.merchants) == ("market", {"1001": "corner"})
    assert (connected.rank, connected.poll_every_minutes, connected.silent_after_hours) == (
        7,
        60,
        36,
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{ref: s, plugin: postbak}", "sources[0]: plugin: there is no plugin “postbak”; did you mean “postback”?"),
        (
            "{ref: s, plugin: postback, settings: {secret: hidden}}",
            "sources[0]: settings: “secret” is a secret and does not belong in a file; set it with `cagnotte sources secret s secret`.",
        ),
        (
            "{ref: s, plugin: postback, settings: {lnk: x}}",
            "sources[0]: settings: “lnk” is not asked for by Signed postback; did you mean “link”?",
        ),
        (
            "{ref: s, plugin: postback, settings: {account: x}}",
            "sources[0]: settings: “account” is not asked for by Signed postback; it asks for link.",
        ),
        (
            "{ref: s, plugin: postback, poll_every: 1 hour}",
            "sources[0]: poll_every: Signed postback is never asked, it sends by itself; leave it out.",
        ),
        (
            "{ref: s, plugin: postback, silent_after: soon}",
            "sources[0].silent_after: “soon” is not a span of time; write it as 15 minutes, 6 hours or 2 days.",
        ),
        (
            "{ref: s, plugin: postback, merchants: {'7': cornr}}",
            "sources[0].merchants.7: There is no merchant “cornr” in merchants; did you mean “corner”?",
        ),
        (
            "{ref: s, plugin: postback, merchant: cornr}",
            "sources[0].merchant: There is no merchant “cornr” in merchants; did you mean “corner”?",
        ),
        ("{ref: s, plugin: postback, setings: {}}", "sources[0].setings: Unknown key “setings”; did you mean “settings”?"),
        (
            "{ref: s, plugin: postback, fields: {}}",
            "sources[0].fields: Unknown key “fields”. The keys here are merchant, merchants, plugin, poll_every, rank, ref, settings, silent_after, timezone.",
        ),
        ("{ref: S 1, plugin: postback}", "sources[0].ref: “S 1” is no slug; write small letters, digits and single hyphens, such as my-shop."),
        ("{ref: s, plugin: postback, rank: 0}", "sources[0].rank: “0” is too small; it must be at least 1."),
        ("{ref: s, plugin: postback, timezone: Paris}", "sources[0].timezone: “Paris” is not a time zone; write one such as Europe/Paris."),
    ],
)  # fmt: skip
def test_what_a_connected_source_cannot_be(tmp_path: Path, source: str, expected: str) -> None:
    found = errors(tmp_path, f"{HEAD}  - {source}\n")
    assert found == [f"programme.yaml:5: {expected}"]
    assert "hidden" not in str(found)


def test_two_sources_never_share_a_name(tmp_path: Path) -> None:
    text = f"{HEAD}  - {{ref: s, plugin: postback}}\n  - {{ref: s, kind: members, fields: {{ref: no}}}}\n"
    assert errors(tmp_path, text) == [
        "programme.yaml:6: sources[1].ref: “s” is defined twice in sources."
    ]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("1 minute", 1), ("15 minutes", 15), ("6 hours", 360), ("2 Days", 2880)],
)
def test_spans_are_minutes(text: str, minutes: int) -> None:
    assert span_to_minutes(text) == minutes


@pytest.mark.parametrize(
    "text", ["0 hours", "-1 days", "1.5 hours", "90", "1 month", "400 days", ""]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a span of time"):
        span_to_minutes(text)

"""Whose a purchase is, told in English and French, to members and to operators."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation

from cagnotte.domain.attribution import Reason, Trace
from cagnotte.rewards.sentences.attributed import DECIDED, PASSED_OVER, attributed_told
from cagnotte.rewards.sentences.told import Audience

FOUND: dict[str, Any] = {
    "kind": "click",
    "clicked_at": "2026-03-01T11:30:00+00:00",
    "passed_over": [["c1", "stood_down"], ["c2", "earlier_click"], ["c3", "earlier_click"]],
}


def told(found: dict[str, Any], language: str, audience: Audience) -> list[str]:
    with translation.override(language):
        return attributed_told(found, zone=ZoneInfo("Europe/Paris"), audience=audience)


def test_an_operator_reads_what_decided_and_what_was_passed_over() -> None:
    assert told(FOUND, "en", "operator") == [
        "The click of March 1, 2026, 12:30 p.m. says whose it is.",
        "Passed over: “c1” came while another publisher's visit was fresh.",
        "Passed over: “c2” and “c3”, each was followed by a later click.",
    ]
    assert told(FOUND, "fr", "operator") == [
        "Le clic du 1 mars 2026 12:30 dit à qui elle est.",
        "Écarté\u00a0: «\u202fc1\u202f» est venu alors que la visite d’un autre éditeur était récente.",
        "Écartés\u00a0: «\u202fc2\u202f» et «\u202fc3\u202f», dont chacun a été suivi d’un clic plus récent.",
    ]


def test_a_member_reads_what_decided_alone() -> None:
    assert told(FOUND, "en", "member") == [
        "The click of March 1, 2026, 12:30 p.m. says whose it is."
    ]


def test_every_kind_of_trace_and_every_reason_has_its_words() -> None:
    assert {*Trace, "person"} == DECIDED.keys()
    assert set(Reason) == PASSED_OVER.keys()


@pytest.mark.parametrize("audience", ["member", "operator"])
def test_words_of_a_later_version_are_told_in_general(audience: Audience) -> None:
    found = {"kind": "palm", "clicked_at": None, "passed_over": [["x", "odd"]]}

    sentences = told(found, "en", audience)

    assert sentences[0] == "Something else says whose it is (palm)."
    assert sentences[1:] == (
        ["Passed over: “x” did not decide (odd)."] if audience == "operator" else []
    )

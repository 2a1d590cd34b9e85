"""Webhook endpoints on the developer's pages: made, tried, changed, switched off, sent again."""

import html
import re

import pytest

from cagnotte.domain import ids
from cagnotte.identity.models import Programme
from cagnotte.notices import endpoints
from cagnotte.notices.endpoints import EndpointFacts
from cagnotte.notices.models import Attempt, Delivery, Event, WebhookEndpoint
from cagnotte.platform.secrets_box import unseal
from cagnotte.platform.shared_connection import shared_connection
from tests.desk.conftest import NOW, Desk

FORM = {"url": "https://shop.example/hooks", "mode": "live", "envelope": "standard"}


@pytest.fixture
def endpoint(desk: Desk) -> str:
    made = endpoints.make(desk.corner.id, EndpointFacts("https://shop.example/hooks"), now=NOW)
    return f"webhooks/{ids.public_id('whk', made.row.id)}/"


def test_an_endpoint_is_made_and_its_secret_shown_once(desk: Desk) -> None:
    made = desk.send("developer", "webhooks/new/", **FORM, event_types=["reward.tracked"])

    row = WebhookEndpoint.objects.get()
    assert (row.url, row.event_types) == ("https://shop.example/hooks", ["reward.tracked"])
    assert unseal(row.sealed_secret) in html.unescape(made.content.decode())
    page = desk.read("developer", f"webhooks/{ids.public_id('whk', row.id)}/")
    assert "whsec_" not in page
    assert "No deliveries" in page


def test_an_endpoint_of_the_sandbox_hears_of_the_sandbox(desk: Desk) -> None:
    desk.send("developer", "webhooks/new/", **{**FORM, "mode": "test"})

    sandbox = Programme.objects.get(sandbox_of=desk.corner.id)
    assert WebhookEndpoint.objects.get().programme == sandbox


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"url": ""}, "This field is required."),
        ({"url": "http://shop.example/"}, "begins with https://"),
        ({"url": "https://127.0.0.1/"}, "lies in a private network"),
        ({"event_types": ["reward.lost"]}, "Select a valid choice"),
    ],
)
def test_an_endpoint_that_cannot_be_is_refused_beside_its_field(
    desk: Desk, wrong: dict[str, object], sentence: str
) -> None:
    answer = desk.send("owner", "webhooks/new/", **{**FORM, **wrong})

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.content.decode())
    assert not WebhookEndpoint.objects.exists()


def test_a_test_event_is_sent_and_sent_again(desk: Desk, endpoint: str) -> None:
    desk.send("developer", f"{endpoint}act/", act="test")
    delivery = Delivery.objects.get()
    Delivery.objects.update(state="failed", sentence="The endpoint answered 500.", finished_at=NOW)
    Attempt.objects.create(
        delivery_number=delivery.number, at=NOW, duration_ms=20, status=500, answer="<b>no</b>"
    )

    assert "lost" in desk.read("developer", endpoint, state="failed")
    assert "None is in that state." in desk.read("developer", endpoint, state="delivered")
    page = desk.read("developer", f"{endpoint}deliveries/{delivery.number}/")
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    desk.send("developer", f"{endpoint}act/", act="again", event=str(delivery.event_number))
    assert Delivery.objects.get().state == "pending"


def test_everything_that_was_lost_is_sent_again(desk: Desk, endpoint: str) -> None:
    desk.send("developer", f"{endpoint}act/", act="test")
    Delivery.objects.update(state="failed", finished_at=NOW)

    page = desk.people["developer"].post(
        f"/developers/p/corner/{endpoint}act/", {"act": "again_since", "hours": "24"}, follow=True
    )
    assert re.search(r"\d events? (is|are) on (its|their) way again", page.content.decode())
    refused = desk.send("developer", f"{endpoint}act/", act="again_since", hours="999999")
    assert refused.status_code == 302


@pytest.mark.parametrize("number", ["", "x", "999", "9" * 40, "²"])
def test_an_event_that_is_none_is_not_sent(desk: Desk, endpoint: str, number: str) -> None:
    answer = desk.send("developer", f"{endpoint}act/", act="again", event=number)

    assert answer.status_code == 302
    assert not Delivery.objects.exists()


def test_an_endpoint_is_switched_off_and_on(desk: Desk, endpoint: str) -> None:
    desk.send("developer", f"{endpoint}act/", act="off")
    assert WebhookEndpoint.objects.get().disabled_because == "by_hand"
    assert "It is switched off" in desk.read("developer", endpoint)
    desk.send("developer", f"{endpoint}act/", act="test")
    assert not Event.objects.exists()
    desk.send("developer", f"{endpoint}act/", act="on")
    assert WebhookEndpoint.objects.get().disabled_at is None


def test_a_new_secret_signs_beside_the_one_before(desk: Desk, endpoint: str) -> None:
    before = WebhookEndpoint.objects.get().sealed_secret
    answer = desk.send("developer", f"{endpoint}act/", act="rotate")

    row = WebhookEndpoint.objects.get()
    assert row.sealed_before == before
    assert unseal(row.sealed_secret) in html.unescape(answer.content.decode())


def test_an_endpoint_is_changed_and_removed(desk: Desk, endpoint: str) -> None:
    form = {"url": "https://shop.example/new", "description": "till", "envelope": "cloudevents"}
    desk.send("developer", f"{endpoint}change/", **form)
    row = WebhookEndpoint.objects.get()
    assert (row.url, row.description, row.envelope) == tuple(form.values())

    endpoints.send_test(shared_connection(), row, now=NOW)
    assert "the log of its deliveries is deleted" in desk.read("developer", f"{endpoint}remove/")
    desk.send("developer", f"{endpoint}remove/")
    assert not WebhookEndpoint.objects.exists()
    assert not Delivery.objects.exists()
    assert Event.objects.count() == 1

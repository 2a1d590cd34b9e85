"""The other pages of a programme: how it is doing, its sandbox, its team."""

import html
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from cagnotte import __version__
from cagnotte.identity import api_keys
from cagnotte.identity.models import ApiKey, Programme, Staff
from cagnotte.inbox.models import Account
from cagnotte.journeys import report_status, sandbox
from cagnotte.notices import endpoints
from cagnotte.notices.endpoints import EndpointFacts
from cagnotte.notices.models import Delivery, WebhookEndpoint
from cagnotte.platform import migrations
from cagnotte.platform.shared_connection import shared_connection
from tests.desk.conftest import NOW, Desk
from tests.desk.test_requests import called

# ---- how it is doing ------------------------------------------------------------------------------------------


def test_the_overview_says_that_all_is_well(desk: Desk) -> None:
    page = html.unescape(desk.read("support", ""))

    assert page.count("Nothing that is due waits for it.") == 1
    assert "Every message has been read." in page
    assert __version__ in page
    assert api_keys.API_VERSION in page
    assert "No requests yet" in page


def test_the_overview_counts_the_requests_of_a_day(desk: Desk) -> None:
    made = sandbox.make(desk.corner, now=NOW)
    ago = int((timezone.now() - NOW).total_seconds())
    called(desk.corner.id, ago - 60)
    called(desk.corner.id, ago - 60, status=404)
    called(desk.corner.id, ago - 60, status=500)
    called(desk.corner.id, ago - 90_000)
    called(made.id, ago - 60)
    found = report_status.status(shared_connection(), desk.corner, now=timezone.now())

    assert found.live == (3, 1, 1)
    assert found.test == (1, 0, 0)


def test_the_overview_shows_the_last_requests_of_both_modes(desk: Desk) -> None:
    made = sandbox.make(desk.corner, now=NOW)
    called(made.id, 60)
    called(desk.corner.id, 30, status=404)
    page = desk.read("support", "")

    assert "No requests yet" not in page
    assert page.count("/requests/req_") == 2


def test_a_source_that_nobody_asks_means_that_no_worker_runs(desk: Desk) -> None:
    Account.objects.create(
        id="018f2f00-0000-7000-8000-000000000001", programme=desk.corner, ref="awin",
        plugin="awin", next_poll_at=timezone.now() - timedelta(minutes=6),
    )  # fmt: skip
    page = html.unescape(desk.read("support", ""))

    assert "Waiting for it: 1 source. Does `cagnotte worker` run?" in page
    Account.objects.update(next_poll_at=timezone.now() - timedelta(minutes=4))
    assert "Nothing that is due waits for it." in desk.read("support", "")


def test_tables_that_are_missing_are_an_alarm(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "pending", lambda: [("identity", "0099_x")])

    assert "It lacks 1 changes of its tables." in desk.read("support", "")


def test_endpoints_that_fail_or_are_off_are_said_and_so_is_the_last_that_arrived(
    desk: Desk,
) -> None:
    assert "No endpoint hears of events." in desk.read("support", "")
    made = [
        endpoints.make(desk.corner.id, EndpointFacts(f"https://{name}.example/"), now=NOW).row
        for name in ("a", "b")
    ]
    assert "Nothing was sent yet." in desk.read("support", "")
    endpoints.send_test(shared_connection(), made[0], now=NOW)
    Delivery.objects.update(state="delivered", finished_at=NOW)
    assert "The last event arrived on 03/02/2026 9 a.m." in desk.read("support", "")
    WebhookEndpoint.objects.filter(id=made[1].id).update(failing_since=NOW)
    assert "1 endpoint fails, 0 are off." in desk.read("support", "")


# ---- sandbox --------------------------------------------------------------------------------------------------


def test_the_sandbox_is_made_and_begun_anew_once_its_name_is_typed(desk: Desk) -> None:
    desk.send("developer", "sandbox/")
    first = Programme.objects.get(sandbox_of=desk.corner.id)
    key = api_keys.make(first, name="trial", now=NOW).row

    wrong = desk.send("developer", "sandbox/", name="corner-sandbox")
    assert wrong.status_code == 422
    assert "Nothing was changed." in wrong.content.decode()
    assert ApiKey.objects.get(id=key.id).programme_id == first.id

    desk.send("developer", "sandbox/", name="corner")
    fresh = sandbox.sandbox_of(desk.corner.id)
    assert fresh is not None
    assert fresh.id != first.id
    assert ApiKey.objects.get(id=key.id).programme_id == fresh.id


# ---- team -----------------------------------------------------------------------------------------------------


def test_an_owner_invites_changes_a_role_and_takes_it_away(desk: Desk) -> None:
    def role() -> str:
        return Staff.objects.get(person__email="new@example.org").role

    desk.send("owner", "team/", email="New@example.org", role="support")
    assert role() == "support"
    desk.send("owner", "team/", email="new@example.org", role="developer")
    assert role() == "developer"
    row = Staff.objects.get(person__email="new@example.org")
    assert row.added_by == "owner@example.org"
    assert "new@example.org" in desk.read("owner", "team/")
    desk.send("owner", f"team/{row.pk}/dismiss/")
    assert not Staff.objects.filter(pk=row.pk).exists()
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("email", "role"), [("nobody", "support"), ("", "support"), ("a@example.org", "king")]
)
def test_an_invitation_that_makes_no_sense_is_refused(desk: Desk, email: str, role: str) -> None:
    before = Staff.objects.count()
    assert desk.send("owner", "team/", email=email, role=role).status_code == 422
    assert Staff.objects.count() == before


def test_the_last_owner_stays(desk: Desk) -> None:
    row = Staff.objects.get(programme=desk.corner, role="owner")
    desk.send("owner", f"team/{row.pk}/dismiss/")
    answer = desk.send("owner", "team/", email="owner@example.org", role="support")

    assert "keeps one owner at least" in html.unescape(answer.content.decode())
    assert Staff.objects.get(pk=row.pk).role == "owner"


def test_staff_of_another_programme_are_not_dismissed_here(desk: Desk) -> None:
    theirs = Staff.objects.get(programme=desk.other)

    assert desk.send("owner", f"team/{theirs.pk}/dismiss/").status_code == 404
    assert Staff.objects.filter(pk=theirs.pk).exists()

"""Members read what they were told, choose how, and stop mails without signing in."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client

from cagnotte.identity.models import Member
from cagnotte.notices import choosing, security_words, telling
from cagnotte.notices.kinds import KINDS, TOPICS, Mode
from cagnotte.notices.models import Letter, Notice, PushDevice
from cagnotte.platform.shared_connection import shared_connection
from tests.portal.conftest import NOW, Portal
from tests.portal.people import Person, signed_in

FACTS = {
    "shop": "Maison Verte",
    "amount_minor": 345,
    "before_minor": 500,
    "currency": "EUR",
    "expires_on": "2026-05-01",
    "purchase": "pur_01kagz9x7q8b3n5v2m4c6d8f0h",
    "reason": "returned",
}


@pytest.fixture
def ana(portal: Portal) -> Person:
    """A member who is signed in."""
    return signed_in("portal", "ana", now=NOW)


def tell(member: Member, kind: str = "tracked", key: str = "1", *, days_ago: int = 0) -> None:
    """Tell a member something that happened some days ago."""
    at = NOW - timedelta(days=days_ago)
    news = telling.News(member.programme_id, member.wallet_id, kind, key, FACTS, at)
    telling.tell_all(shared_connection(), [news], now=NOW)


def test_notices_stand_by_day_and_the_bell_counts_the_unread(
    ana: Person, django_assert_max_num_queries: Any
) -> None:
    tell(ana.member, days_ago=1)
    tell(ana.member, "available")
    ana.get("notices/")
    with django_assert_max_num_queries(8):
        page = ana.get("notices/").content.decode()
    assert page.index("Today") < page.index("€3.45 available") < page.index("Yesterday")
    assert "Purchase at Maison Verte: €3.45 tracked" in page
    assert re.search(r'class="badge" aria-hidden="true">2<', page)
    assert page.count("notice-new") == 2


def test_every_kind_has_words_and_a_place(ana: Person) -> None:
    for number, kind in enumerate(KINDS):
        tell(ana.member, kind, str(number))
    page = ana.get("notices/").content.decode()
    assert page.count('class="notice ') == len(KINDS)
    assert "News from" not in page
    for found in re.findall(r'href="(/p/portal/notices/not_[^"]+)"', page):
        answer = ana.client.get(found)
        assert answer.status_code == 303, found
        assert answer["Location"].startswith("/p/portal/")


@pytest.mark.parametrize(
    ("what", "to"), [("bank_changed", "bank/"), ("sessions_ended", "account/security/")]
)
def test_a_change_leads_to_where_it_is_looked_at(ana: Person, what: str, to: str) -> None:
    def told() -> bool:
        return telling.tell_of_change(
            shared_connection(),
            programme_id=ana.member.programme_id,
            wallet_id=ana.member.wallet_id,
            what=what,
            now=NOW,
        )

    assert (told(), told()) == (True, False)
    (path,) = re.findall(r"/p/portal/(notices/not_[^\"]+)", ana.get("notices/").content.decode())
    assert ana.get(path)["Location"] == f"/p/portal/{to}"


def test_every_change_that_has_words_is_told_somewhere() -> None:
    source = Path(telling.__file__).parent.parent
    told = {
        word
        for path in source.rglob("*.py")
        for word in re.findall(r'what"?[=:] ?"(\w+)"', path.read_text())
    }
    assert set(security_words.CHANGES) <= told


def test_opening_a_notice_marks_it_read_and_all_can_be_marked(ana: Person) -> None:
    tell(ana.member)
    tell(ana.member, "available")
    first = Notice.objects.earliest("number")
    view = re.findall(r"/p/portal/(notices/not_[^\"]+)", ana.get("notices/").content.decode())[-1]
    ana.get(view)
    first.refresh_from_db()
    assert first.read_at == NOW
    newest = Notice.objects.latest("number").number
    assert ana.post("notices/", {"up_to": newest}).status_code == 302
    assert not Notice.objects.filter(read_at=None).exists()
    assert "You have read everything" in ana.get("notices/?only=unread").content.decode()


def test_another_members_notice_is_found_by_nobody_else(portal: Portal, ana: Person) -> None:
    bob = signed_in("portal", "bob", now=NOW)
    tell(ana.member)
    (path,) = re.findall(r"/p/portal/(notices/not_[^\"]+)", ana.get("notices/").content.decode())
    assert bob.get(path).status_code == 404
    assert "Nothing yet" in bob.get("notices/").content.decode()
    assert Client().get(f"/p/portal/{path}")["Location"].startswith("/p/portal/sign-in/")
    assert Notice.objects.get().read_at is None


def test_a_long_list_goes_on_on_another_page(ana: Person) -> None:
    for number in range(35):
        tell(ana.member, key=str(number))
    page = ana.get("notices/").content.decode()
    (older,) = re.findall(r'href="/p/portal/(notices/\?before=\d+)"', page)
    assert page.count('class="notice ') == 30
    assert ana.get(older).content.decode().count('class="notice ') == 5
    for nonsense in ("abc", "-1", "9" * 30, "²"):
        assert ana.get(f"notices/?before={nonsense}").status_code == 200


def chosen(**changed: str) -> dict[str, str]:
    """The form of channels as it stands for who never chose, with changes; an empty one unticks."""
    form = {"quiet": "on", "begins": "21", "ends": "8"}
    for topic in TOPICS.values():
        form[f"{topic.name}-email"] = topic.usual.email.value
        form[f"{topic.name}-push"] = form[f"{topic.name}-centre"] = "on"
    form |= {name.replace("__", "-"): value for name, value in changed.items()}
    return {name: value for name, value in form.items() if value}


def test_choices_are_kept_and_what_is_always_sent_stays(
    ana: Person, django_assert_max_num_queries: Any
) -> None:
    ana.get("notices/channels/")
    with django_assert_max_num_queries(13):
        page = ana.get("notices/channels/").content.decode()
    assert "Always sent: it is money that leaves your cagnotte." in page
    form = chosen(tracked__email="weekly", confirmed__email="off", payout__email="off", begins="22")
    assert ana.post("notices/channels/", form).status_code == 302
    standing = choosing.choices_of(ana.member.wallet_id)
    assert standing["tracked"].email is Mode.WEEKLY
    assert standing["confirmed"].email is Mode.OFF
    assert standing["payout"].email is Mode.NOW
    assert choosing.quiet_hours_of(ana.member.wallet_id).begins == 22


def test_nonsense_in_the_form_changes_nothing(ana: Person) -> None:
    before = choosing.choices_of(ana.member.wallet_id)
    ana.post("notices/channels/", chosen(tracked__email="hourly", begins="99", ends="x"))
    assert choosing.choices_of(ana.member.wallet_id) == before
    assert choosing.quiet_hours_of(ana.member.wallet_id).begins == 21


def test_what_is_switched_off_is_not_sent_any_more(ana: Person) -> None:
    tell(ana.member)
    ana.post("notices/channels/", chosen(tracked__email="off", tracked__centre=""))
    assert Letter.objects.get().state == "dropped"
    tell(ana.member, key="2")
    assert Letter.objects.count() == 1
    assert [row.in_centre for row in Notice.objects.order_by("number")] == [True, False]


def stop_link(member: Member, topic: str = "tracked") -> str:
    return f"/p/portal/notices/stop/{choosing.token_for(member.wallet_id, topic)}/"


def test_one_click_stops_a_kind_of_mail_without_signing_in(ana: Person) -> None:
    tell(ana.member)
    address, stranger = stop_link(ana.member), Client(enforce_csrf_checks=True)
    assert "one press" in stranger.get(address).content.decode()
    assert choosing.choices_of(ana.member.wallet_id)["tracked"].email is Mode.NOW
    answer = stranger.post(address, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert choosing.choices_of(ana.member.wallet_id)["tracked"].email is Mode.OFF
    assert Letter.objects.get().state == "dropped"
    (again,) = re.findall(r'name="again" value="([^"]+)"', answer.content.decode())
    stranger.post(address, {"again": again})
    assert choosing.choices_of(ana.member.wallet_id)["tracked"].email is Mode.NOW


def test_the_link_of_a_digest_stops_what_it_gathers(ana: Person) -> None:
    ana.post("notices/channels/", chosen(tracked__email="daily", favourites__email="weekly"))
    address = stop_link(ana.member, choosing.DIGEST)
    page = Client().post(address).content.decode()
    standing = choosing.choices_of(ana.member.wallet_id)
    assert (standing["tracked"].email, standing["favourites"].email) == (Mode.OFF, Mode.OFF)
    assert standing["confirmed"].email is Mode.NOW
    (again,) = re.findall(r'name="again" value="([^"]+)"', page)
    Client().post(address, {"again": again})
    standing = choosing.choices_of(ana.member.wallet_id)
    assert (standing["tracked"].email, standing["favourites"].email) == (Mode.DAILY, Mode.WEEKLY)
    assert standing["spending"].email is Mode.DAILY
    assert standing["confirmed"].email is Mode.NOW


def test_the_link_of_a_digest_chooses_nothing_else(portal: Portal, ana: Person) -> None:
    bob = signed_in("portal", "bob", now=NOW)
    address = stop_link(ana.member, choosing.DIGEST)
    Client().post(address)
    (bobs,) = re.findall(
        r'name="again" value="([^"]+)"',
        Client().post(stop_link(bob.member, choosing.DIGEST)).content.decode(),
    )
    asked = choosing.read_token(address.split("/")[-2])
    off = choosing.write_before(asked, {"confirmed": Mode.OFF, "available": Mode.DAILY})
    before = choosing.choices_of(ana.member.wallet_id)
    for told in ("confirmed=off", "tracked=now", "", f"{bobs}x", bobs):
        answer = Client().post(address, {"again": told})
        assert "This page is too old for that" in answer.content.decode()
        assert choosing.choices_of(ana.member.wallet_id) == before
    Client().post(address, {"again": off})
    standing = choosing.choices_of(ana.member.wallet_id)
    assert (standing["confirmed"].email, standing["available"].email) == (Mode.NOW, Mode.DAILY)


def test_what_a_link_did_is_taken_back_within_a_day(ana: Person) -> None:
    address = stop_link(ana.member)
    page = Client().post(address).content.decode()
    (again,) = re.findall(r'name="again" value="([^"]+)"', page)
    with time_machine.travel(NOW + timedelta(hours=25), tick=False):
        late = Client().post(address, {"again": again}).content.decode()
    assert "Nothing has changed." in late
    assert choosing.choices_of(ana.member.wallet_id)["tracked"].email is Mode.OFF
    with time_machine.travel(NOW + timedelta(hours=23), tick=False):
        Client().post(address, {"again": again})
    assert choosing.choices_of(ana.member.wallet_id)["tracked"].email is Mode.NOW


def test_a_link_that_is_not_ours_is_not_found(portal: Portal, ana: Person) -> None:
    good = stop_link(ana.member)
    for address in (good[:-4] + "AAA/", "/p/portal/notices/stop/x/", stop_link(ana.member, "all")):
        assert Client().get(address).status_code == 404
        assert Client().post(address).status_code == 404
    assert choosing.choices_of(ana.member.wallet_id)["tracked"].email is Mode.NOW


def test_mails_that_protect_money_cannot_be_stopped(ana: Person) -> None:
    page = Client().get(stop_link(ana.member, "security"))
    assert "always sent" in page.content.decode()
    refused = Client().post(stop_link(ana.member, "security"))
    assert refused.status_code == 200
    assert choosing.choices_of(ana.member.wallet_id)["security"].email is Mode.NOW


SUBSCRIPTION = {
    "endpoint": "https://push.example/send/abc",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


def subscribe(person: Person, **changed: Any) -> int:
    answer = person.post(
        "notices/device/", {**SUBSCRIPTION, **changed}, content_type="application/json"
    )
    return int(answer.status_code)


def test_a_browser_is_kept_sealed_and_forgotten(ana: Person) -> None:
    assert subscribe(ana) == 204
    assert subscribe(ana) == 204
    row = PushDevice.objects.get()
    assert "push.example" not in row.sealed
    page = ana.get("notices/channels/").content.decode()
    assert "Chrome · Windows" in page
    (device_id,) = re.findall(r'name="forget" value="([^"]+)"', page)
    bob = signed_in("portal", "bob", now=NOW)
    bob.post("notices/device/", {"forget": device_id})
    assert PushDevice.objects.exists()
    ana.post("notices/device/", {"forget": device_id})
    assert not PushDevice.objects.exists()


def test_a_browser_that_changes_hands_is_the_new_members(portal: Portal, ana: Person) -> None:
    bob = signed_in("portal", "bob", now=NOW)
    subscribe(ana)
    assert subscribe(bob) == 204
    assert PushDevice.objects.get().wallet_id == bob.member.wallet_id


def test_signing_out_stops_what_this_browser_is_pushed(portal: Portal, ana: Person) -> None:
    bob = signed_in("portal", "bob", now=NOW)
    subscribe(bob, endpoint="https://push.example/send/bob")
    phone = Client()
    phone.force_login(ana.user)
    phone.post(
        "/p/portal/notices/device/",
        {**SUBSCRIPTION, "endpoint": "https://push.example/send/phone"},
        content_type="application/json",
    )
    subscribe(ana)
    assert PushDevice.objects.count() == 3

    # Others' addresses in the form are theirs all the same.
    ana.post("sign-out/", {"endpoint": "https://push.example/send/bob"})

    assert PushDevice.objects.filter(wallet_id=bob.member.wallet_id).count() == 1
    assert PushDevice.objects.filter(wallet_id=ana.member.wallet_id).count() == 1, "the phone's"


def test_a_browser_that_came_in_anew_is_known_by_its_address(ana: Person) -> None:
    subscribe(ana)
    later = Client()
    later.force_login(ana.user)
    later.post(
        "/p/portal/sign-out/", {"endpoint": ["https://push.example/x", SUBSCRIPTION["endpoint"]]}
    )
    assert not PushDevice.objects.exists()


def test_who_is_signed_out_already_stops_nothing(ana: Person) -> None:
    subscribe(ana)
    Client().post("/p/portal/sign-out/", {"endpoint": SUBSCRIPTION["endpoint"]})
    assert PushDevice.objects.count() == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"endpoint": "ftp://push.example"},
        {"endpoint": 5},
        {"keys": {}},
        {"keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"keys": {"p256dh": SUBSCRIPTION["keys"]["p256dh"], "auth": "é"}},  # type: ignore[index]
    ],
)
def test_what_is_no_subscription_is_refused(ana: Person, changed: dict[str, Any]) -> None:
    assert subscribe(ana, **changed) == 400
    assert not PushDevice.objects.exists()

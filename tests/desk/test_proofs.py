"""Is it you? Asked before every page of `/accounts/` that changes how one signs in; an old session changes nothing."""

import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from allauth.account.internal.flows.reauthentication import is_reauthentication_required
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse, ReauthenticationRequired
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from cagnotte.desk.signing_in import AccountsElsewhere
from cagnotte.identity import memberships
from cagnotte.platform.secrets_box import seal
from tests.desk.conftest import NOW, Desk
from tests.desk.test_signing_in import PASSWORD, ask_code, code_in, give_code, totp
from tests.portal.people import enrol

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FRESH = "another one that holds"

ASK_FIRST = {
    "password/change/",
    "password/set/",
    "second-factor/totp/activate/",
    "second-factor/totp/deactivate/",
    "second-factor/recovery-codes/",
    "second-factor/recovery-codes/generate/",
    "second-factor/recovery-codes/download/",
}
"""They change, or show, what one signs in with."""

OPEN = {
    # Ways in, out, and of proving who one is.
    "again/",
    "inactive/",
    "login/",
    "login/code/",
    "login/code/confirm/",
    "logout/",
    "password/reset/",
    "password/reset/complete/",
    "password/reset/confirm/",
    "password/reset/done/",
    "reauthenticate/",
    "second-factor/authenticate/",
    "second-factor/reauthenticate/",
    "second-factor/webauthn/reauthenticate/",
    # Lists, and sessions that may be ended.
    "second-factor/",
    "sessions/",
    # Marks an address as proven, by a link that nothing of ours sends.
    "confirm-email/",
    "elsewhere/login/cancelled/",
    "elsewhere/login/error/",
}

GONE = {
    "email/",
    "signup/",
    "elsewhere/",
    "elsewhere/signup/",
    "second-factor/webauthn/",
    "second-factor/webauthn/add/",
    "second-factor/webauthn/login/",
    "second-factor/webauthn/keys/1/edit/",
    "second-factor/webauthn/keys/1/remove/",
}

FORM = {
    "oldpassword": PASSWORD,
    "password1": FRESH,
    "password2": FRESH,
    "code": "000000",
    "email": "thief@example.org",
    "action_add": "",
    "account": "1",
    "name": "thief",
}
"""What any of them would take."""


def addresses() -> set[str]:
    """Every page of `/accounts/`, without what stands before."""
    found = {
        f"{one}".removeprefix("accounts/") for one in walk(get_resolver()) if "accounts/" in one
    }
    return {re.sub(r"<int:pk>", "1", one) for one in found if not re.search(r"[\^$(]", one)}


def walk(resolver: Any, before: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from walk(one, here)
        elif isinstance(one, URLPattern):
            yield here


def held(person: Any) -> tuple[Any, ...]:
    """All that one signs in with."""
    person.refresh_from_db()
    return (
        (person.password, person.email, person.username),
        list(Authenticator.objects.filter(user=person).values_list("type", "data")),
        list(EmailAddress.objects.values_list("user_id", "email", "verified")),
        list(SocialAccount.objects.values_list("user_id", "uid")),
    )


def prove(client: Client, person: Any, *, seconds_ago: int, method: str = "code") -> None:
    at = timezone.now() - timedelta(seconds=seconds_ago)
    session = client.session
    proof = {"method": method, "at": at.timestamp(), "reauthenticated": True}
    session["account_authentication_methods"] = [proof]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


@pytest.fixture
def owner(desk: Desk) -> Any:
    return get_user_model().objects.get(email="owner@example.org")


def with_app(person: Any) -> None:
    Authenticator.objects.create(user=person, type="totp", data={"secret": seal(SECRET)})
    RecoveryCodes.activate(person)


def test_every_page_is_sorted() -> None:
    assert addresses() == ASK_FIRST | OPEN | GONE


@pytest.mark.parametrize("has", ["nothing", "password", "app", "both"])
@pytest.mark.parametrize("page", sorted(ASK_FIRST))
def test_an_old_session_changes_nothing(desk: Desk, owner: Any, page: str, has: str) -> None:
    client = desk.people["owner"]
    if has in {"password", "both"}:
        owner.set_password(PASSWORD)
        owner.save()
        client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    if has in {"app", "both"}:
        with_app(owner)
    prove(client, owner, seconds_ago=301, method="mfa")
    before = held(owner)
    for answer in (client.get(f"/accounts/{page}"), client.post(f"/accounts/{page}", FORM)):
        assert answer.status_code == 302
        to, _, back = answer["Location"].partition("?")
        assert (
            to
            == {
                "nothing": "/accounts/again/",
                "password": "/accounts/reauthenticate/",
                "app": "/accounts/second-factor/reauthenticate/",
                "both": "/accounts/second-factor/reauthenticate/",
            }[has]
        )
        assert back == "next=/accounts/" + page or back.endswith(page.replace("/", "%2F"))
        assert client.get(answer["Location"]).status_code == 200
    assert held(owner) == before
    assert not mail.outbox


@pytest.mark.parametrize("page", sorted(OPEN | GONE))
def test_the_other_pages_change_nothing_either(desk: Desk, owner: Any, page: str) -> None:
    client = desk.people["owner"]
    prove(client, owner, seconds_ago=301)
    before = held(owner)
    assert client.get(f"/accounts/{page}").status_code in {200, 302, 401, 403, 404}
    assert client.post(f"/accounts/{page}", FORM).status_code in {200, 302, 401, 403, 404, 405}
    assert held(owner) == before


@pytest.mark.parametrize("method", ["password", "code"])
def test_where_there_is_an_app_a_password_or_a_code_by_mail_is_too_little(
    desk: Desk, owner: Any, method: str
) -> None:
    client = desk.people["owner"]
    with_app(owner)
    prove(client, owner, seconds_ago=1, method=method)
    before = held(owner)
    answer = client.post("/accounts/second-factor/totp/deactivate/")
    assert answer["Location"].startswith("/accounts/second-factor/reauthenticate/")
    assert held(owner) == before

    client.post(answer["Location"], {"code": totp(SECRET)})
    client.post("/accounts/second-factor/totp/deactivate/")
    assert not Authenticator.objects.filter(user=owner, type="totp").exists()


def test_who_signs_in_again_may_set_a_password(desk: Desk, owner: Any) -> None:
    client, page = desk.people["owner"], "/accounts/password/set/"
    prove(client, owner, seconds_ago=301)
    asked = client.get(page, follow=True)
    assert "Sign in again" in asked.content.decode()
    led = client.post("/accounts/again/", {"next": page})
    assert led["Location"].startswith("/accounts/login/code/?next=")
    assert client.get("/developers/p/corner/").status_code == 302
    ask_code(client, owner.email)
    give_code(client, code_in(str(mail.outbox[-1].body)))
    client.post(page, {"password1": FRESH, "password2": FRESH})
    owner.refresh_from_db()
    assert owner.check_password(FRESH)


def test_the_way_back_of_signing_in_again_stays_here(desk: Desk) -> None:
    led = desk.people["owner"].post("/accounts/again/", {"next": "https://evil.example/"})
    assert "evil" not in led["Location"]


def test_a_password_that_was_asked_for_lets_change_it(desk: Desk, owner: Any) -> None:
    client, page = desk.people["owner"], "/accounts/password/change/"
    owner.set_password(PASSWORD)
    owner.save()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    asked = client.get(page)
    led = client.post(asked["Location"], {"password": PASSWORD})
    assert led["Location"] == page
    client.post(page, FORM)
    owner.refresh_from_db()
    assert owner.check_password(FRESH)


def test_what_a_thief_sent_is_not_kept_for_the_owners_proof(desk: Desk, owner: Any) -> None:
    client, page = desk.people["owner"], "/accounts/password/change/"
    owner.set_password(PASSWORD)
    owner.save()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    client.post(page, FORM)
    asked = client.get(page)
    client.post(asked["Location"], {"password": PASSWORD})
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_a_member_of_the_portal_is_asked_there_and_nobody_else(desk: Desk, owner: Any) -> None:
    client = desk.people["owner"]
    session = client.session
    session["portal"] = "corner"
    session.save()
    assert client.get("/accounts/password/set/")["Location"].startswith("/accounts/again/")
    memberships.join(owner, enrol("corner", "H1", now=NOW), now=NOW)
    asked = client.get("/accounts/password/set/")
    assert asked["Location"].startswith("/p/corner/account/confirm/?next=")


@pytest.mark.parametrize(("seconds_ago", "may"), [(301, False), (10, True)])
def test_an_account_elsewhere_is_added_after_a_proof(
    desk: Desk, owner: Any, seconds_ago: int, may: bool
) -> None:
    client = desk.people["owner"]
    prove(client, owner, seconds_ago=seconds_ago)
    request: Any = RequestFactory().get("/accounts/elsewhere/acme/login/callback/")
    request.session, request.user = client.session, owner
    brought = SimpleNamespace(
        state={"process": "connect"}, get_redirect_url=lambda _request: "/developers/"
    )
    with context.request_context(request):
        try:
            AccountsElsewhere(request).pre_social_login(request, brought)
            led = ""
        except ImmediateHttpResponse as asked:
            led = asked.response["Location"]
    assert led == ("" if may else "/accounts/again/?next=%2Fdevelopers%2F")


def test_the_library_is_told_the_same(desk: Desk, owner: Any) -> None:
    client = desk.people["owner"]
    for app in ("allauth.account", "allauth.mfa", "allauth.socialaccount"):
        prove(client, owner, seconds_ago=301)
        request: Any = RequestFactory().get("/")
        request.session, request.user = client.session, owner
        with context.request_context(request), pytest.raises(ReauthenticationRequired):
            is_reauthentication_required(request, app=app)
        prove(client, owner, seconds_ago=10)
        request.session = client.session
        with context.request_context(request):
            assert not is_reauthentication_required(request, app=app)


def test_an_account_elsewhere_with_a_look_alike_address_is_nobodys(desk: Desk) -> None:
    request: Any = RequestFactory().get("/")
    other = "\u212aim@example.org"
    kim = get_user_model().objects.create(username="kim@example.org", email="kim@example.org")
    app = SimpleNamespace(settings={})
    provider = SimpleNamespace(get_settings=dict, app=app)
    brought: Any = SimpleNamespace(
        email_addresses=[SimpleNamespace(email=other, verified=True)],
        account=SimpleNamespace(get_provider=lambda: provider),
        provider=provider,
    )
    elsewhere = AccountsElsewhere(request)
    assert elsewhere.authenticate_by_email(brought) is None
    request.session = {"portal": "corner"}
    assert not elsewhere.is_open_for_signup(request, brought)
    brought.email_addresses[0].email = "kim@example.org"
    assert elsewhere.authenticate_by_email(brought) == (kim, "kim@example.org")

"""People in front of a portal: members of a programme who are signed in, and a browser of each."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client

from cagnotte.identity import memberships
from cagnotte.identity.models import Member, Programme
from cagnotte.identity.services import MemberFacts, save_members
from cagnotte.platform.shared_connection import shared_connection

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
)


@dataclass
class Person:
    """Somebody who signs in as a member. client: the browser, which reads English."""

    user: Any
    member: Member
    client: Client

    def get(self, path: str, **more: Any) -> Any:
        """Open a page of the portal, `path` being what follows /p/PROGRAMME/."""
        return self.client.get(f"/p/{self.member.programme.slug}/{path}", **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        """Send a form to a page of the portal."""
        return self.client.post(f"/p/{self.member.programme.slug}/{path}", data or {}, **more)


def enrol(slug: str, ref: str, *, now: datetime, **told: Any) -> Member:
    """Enrol a member (name, email, locale …) or bring it up to date; return it."""
    programme = Programme.objects.get(slug=slug)
    facts = MemberFacts(line=1, ref=ref, **told)
    save_members(shared_connection(), programme.id, [facts], now=now, today=now.date())
    return Member.objects.select_related("wallet", "programme").get(programme=programme, ref=ref)


def signed_in(slug: str, ref: str = "ana", *, now: datetime, **told: Any) -> Person:
    """Enrol a member and sign somebody in as it, by the address `REF@member.example` unless another is told."""
    email = told.pop("email", f"{ref}@member.example")
    member = enrol(slug, ref, now=now, email=email, **told)
    user, _ = get_user_model().objects.get_or_create(username=email, email=email)
    memberships.join(user, member, now=now)
    client = Client(headers={"User-Agent": CHROME, "Accept-Language": "en"})
    client.force_login(user)
    return Person(user, member, client)


def codes_at_once(client: Client, path: str) -> Callable[[str], Any]:
    """Return what types a code in as if at the same moment as all others: each reads the session as it is now."""
    session = client.session
    as_it_was = dict(session.items())

    def at_once(typed: str) -> Any:
        session.clear()
        session.update(as_it_was)
        session.save()
        return client.post(path, {"code": typed})

    return at_once

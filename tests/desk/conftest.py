"""Two programmes with their staff, and a browser for each of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from cagnotte.identity import people, services, staff
from cagnotte.identity.models import Programme

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Desk:
    """The corner shop and another programme; `people` are browsers, signed in, by who holds them."""

    corner: Programme
    other: Programme
    people: dict[str, Client] = field(default_factory=dict)

    def person(self, name: str, programme: Programme | None = None, role: str = "") -> Client:
        """Sign somebody in, with a role if one is named."""
        email = f"{name}@example.org"
        if programme is not None:
            person = staff.invite(email=email, programme=programme, role=role, now=NOW).staff.person
        else:
            person, _ = people.found_or_made(email)
        client = Client()
        client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
        self.people[name] = client
        return client

    def read(self, who: str, path: str, *, status: int = 200, **query: Any) -> str:
        """Open a page of the corner shop; return its HTML."""
        answer = self.people[who].get(f"/developers/p/corner/{path}", query)
        assert answer.status_code == status, answer.content.decode()
        return answer.content.decode()

    def send(self, who: str, path: str, **form: Any) -> Any:
        """Send a form to a page of the corner shop."""
        return self.people[who].post(f"/developers/p/corner/{path}", form)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A request leaves its language with the thread; the tests after this one speak English again."""
    with translation.override("en"):
        yield


@pytest.fixture
def desk(db: None) -> Iterator[Desk]:
    """The two programmes, in the test's own transaction."""
    # Limits on attempts are counted there.
    cache.clear()
    for slug in ("corner", "other"):
        services.create_programme(
            slug=slug, name=slug.capitalize(), currency="EUR", timezone="Europe/Paris", now=NOW
        )
    made = Desk(Programme.objects.get(slug="corner"), Programme.objects.get(slug="other"))
    for role in ("owner", "developer", "support"):
        made.person(role, made.corner, role)
    made.person("neighbour", made.other, "owner")
    made.person("stranger")
    made.people["nobody"] = Client()
    yield made
    cache.clear()

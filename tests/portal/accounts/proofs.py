"""Proofs that a person has just shown who they are, as a browser's session holds them."""

from datetime import datetime
from typing import Any

from django.core.mail.backends.base import BaseEmailBackend

from tests.portal.people import Person


def prove(person: Person, *, now: datetime, method: str = "code") -> None:
    """Let the person have proven at `now` who they are: by a code sent by e-mail, or by another method."""
    session = person.client.session
    session["account_authentication_methods"] = [{"method": method, "at": now.timestamp()}]
    session["account_authentication_methods_user"] = str(person.user.pk)
    session.save()


class NoMail(BaseEmailBackend):
    """A mail server that is away."""

    def send_messages(self, messages: Any) -> int:
        raise ConnectionRefusedError

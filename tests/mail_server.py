"""A real mail server on this machine, which keeps what arrives."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Received
from pytest_django import Settings


class MailServer(Received):
    """Keeps what arrives, in order."""

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.mails: list[EmailMessage] = []

    def prepare_message(self, session: Any, envelope: Any) -> EmailMessage:
        """Read a mail by today's rules."""
        return message_from_bytes(envelope.content, policy=policy.default)

    def handle_message(self, message: Any) -> None:
        """Keep a mail."""
        self.mails.append(message)

    def code(self) -> str:
        """The code in the last mail: alone on a line, set in by four spaces."""
        (found,) = re.findall(r"^    (\S+)\r?$", text_of(self.mails[-1]), re.MULTILINE)
        return str(found)

    def subjects(self) -> list[str]:
        """What the mails are about, in the order in which they came."""
        return [str(mail["Subject"]) for mail in self.mails]


def text_of(mail: EmailMessage) -> str:
    """The text of a mail, as who reads no HTML sees it."""
    plain = mail.get_body(("plain",))
    return str(plain.get_content()) if plain is not None else str(mail.get_payload())


@contextmanager
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """Run one, and have Cagnotte send by it."""
    kept = MailServer()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    try:
        yield kept
    finally:
        controller.stop()

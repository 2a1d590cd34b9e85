"""What is our own about signing in: accounts by invitation, second factors sealed, mail that may fail.

Everything else is django-allauth's, as the settings say.
"""

from smtplib import SMTPException
from typing import Any

import segno
import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.shortcuts import render

from cagnotte.platform.secrets_box import seal, unseal

log = structlog.get_logger(__name__)


class Accounts(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no type information
    """Accounts of people who were invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Nobody makes an account alone: `staff.invite` does."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail; a mail server that is away becomes a page that says so."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, SMTPException) as error:
            log.warning("a mail was not sent", kind=template_prefix, error=type(error).__name__)
            page = render(self.request, "desk/no_mail.html", status=503)
            raise ImmediateHttpResponse(page) from None


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc] # allauth has no type information
    """Codes of an authenticator app, their secrets sealed in the database."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Read a secret that was sealed."""
        return unseal(encrypted_text)

    def build_totp_svg(self, url: str) -> str:
        """Draw the QR code without the style attributes that the pages' policy forbids."""
        drawn: str = segno.make(url, error="m").svg_inline(
            scale=5, dark="#000", light="#fff", border=3, svgclass="qr", lineclass=None
        )
        return drawn

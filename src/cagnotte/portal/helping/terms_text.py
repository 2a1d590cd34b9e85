"""The terms that members accept: one text with the programme's facts in it, and a version that changes with either.

The version is the day the text was last revised and a hash of what it says in every language, so that the same words
have the same version for every reader, and a changed minimum or address makes a new one.
"""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe

from cagnotte.catalog.models import Storefront
from cagnotte.identity.models import Programme
from cagnotte.payouts.models import PayoutSettings

REVISED = date(2026, 11, 22)
"""The day on which the words of the template last changed; change it with them."""

TEMPLATE = "portal/helping/terms_text.html"

HASH_SHOWN = 8
"""Characters of the hash in a version: enough to tell texts apart, few enough to be read."""

LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


def current_terms(programme: Programme) -> tuple[str, str]:
    """Return the version of a programme's terms as they stand, and their text as HTML in the reader's language."""
    facts = _facts(programme)
    texts: dict[str, str] = {}
    for language in LANGUAGES:
        with translation.override(language):
            texts[language] = render_to_string(TEMPLATE, facts)
    drawn = sha256("\x1f".join(texts[one] for one in sorted(texts)).encode()).hexdigest()
    reader = (translation.get_language() or "en")[:2]
    text: SafeString = mark_safe(texts.get(reader) or texts["en"])  # noqa: S308 - rendered by Django just now
    return f"{REVISED:%Y-%m-%d}-{drawn[:HASH_SHOWN]}", text


def _facts(programme: Programme) -> Mapping[str, Any]:
    """Return what the text says of the programme."""
    storefront = Storefront.objects.filter(programme=programme).first() or Storefront(
        programme=programme
    )
    payouts = PayoutSettings.objects.filter(programme_id=programme.id).first()
    company = storefront.company or {}
    return {
        "programme": programme,
        "company": company,
        "operator": company.get("name") or programme.name,
        "contact": storefront.contact_email,
        "payouts": payouts,
    }

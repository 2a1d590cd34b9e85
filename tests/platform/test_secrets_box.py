"""Sealed details: readable with the right keys, recognisable, and nothing else."""

import pytest
from pytest_django import Settings

from cagnotte.platform import secrets_box
from cagnotte.platform.secrets_box import SecretUnreadable

IBAN = "FR7630006000011234567890189"


def test_what_is_sealed_can_be_read_and_shows_nothing(settings: Settings) -> None:
    settings.CAGNOTTE_FIELD_KEY = "first"
    sealed = secrets_box.seal(IBAN)
    assert IBAN not in sealed
    assert sealed != secrets_box.seal(IBAN)
    assert secrets_box.unseal(sealed) == IBAN


def test_keys_are_changed_without_losing_anything(settings: Settings) -> None:
    settings.CAGNOTTE_FIELD_KEY = "first"
    sealed, known_by = secrets_box.seal(IBAN), secrets_box.fingerprint(IBAN)
    settings.CAGNOTTE_FIELD_KEY = "second, first"
    assert secrets_box.unseal(sealed) == IBAN
    assert secrets_box.fingerprint(IBAN) == known_by
    settings.CAGNOTTE_FIELD_KEY = "second"
    with pytest.raises(SecretUnreadable, match="sealed with another key"):
        secrets_box.unseal(sealed)


def test_fingerprints_tell_texts_apart_only_with_the_key(settings: Settings) -> None:
    settings.CAGNOTTE_FIELD_KEY = "first"
    mine = secrets_box.fingerprint(IBAN)
    assert mine == secrets_box.fingerprint(IBAN) != secrets_box.fingerprint(IBAN[:-1])
    settings.CAGNOTTE_FIELD_KEY = "other"
    assert secrets_box.fingerprint(IBAN) != mine

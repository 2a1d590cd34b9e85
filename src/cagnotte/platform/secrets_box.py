"""Short secrets in the database: sealed with a key that the database does not hold.

The setting CAGNOTTE_FIELD_KEY is that key: any long random text, or several separated by commas while keys are
changed, the newest first. Without it the key is drawn from SECRET_KEY.
"""

import base64
import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from cagnotte.domain.errors import CagnotteError


class SecretUnreadable(CagnotteError):
    """What is sealed in the database was sealed with another key than those in CAGNOTTE_FIELD_KEY."""


def seal(text: str) -> str:
    """Encrypt a text; every call gives another result."""
    return _box(_keys()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt what `seal` made. Raises SecretUnreadable when none of the keys made it."""
    try:
        return _box(_keys()).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SecretUnreadable(
            "Sealed details cannot be read: they were sealed with another key. Put that key behind the "
            "present one in CAGNOTTE_FIELD_KEY, separated by a comma."
        ) from None


def fingerprint(text: str) -> str:
    """Return a keyed hash of a text: equal texts are recognised, and nothing is learnt from it without the key.

    It depends on the oldest key, so that it stays the same while new keys are added in front.
    """
    return hmac.new(_derived(_keys()[-1], "fingerprint"), text.encode(), hashlib.sha256).hexdigest()


def _keys() -> tuple[str, ...]:
    named = getattr(settings, "CAGNOTTE_FIELD_KEY", "") or settings.SECRET_KEY
    return tuple(key.strip() for key in named.split(",") if key.strip())


@lru_cache(maxsize=4)
def _box(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(_derived(key, "seal"))) for key in keys])


@lru_cache(maxsize=16)
def _derived(key: str, purpose: str) -> bytes:
    return hashlib.sha256(f"cagnotte\x1f{purpose}\x1f{key}".encode()).digest()

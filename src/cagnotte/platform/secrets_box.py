"""Short secrets in the database, and files: sealed with a key that neither the database nor the folder holds.

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

SEALED = b"gAAAA"
"""How everything that is sealed begins: Fernet's version and the first bits of the moment, as base64."""


class SecretUnreadable(CagnotteError):
    """What is sealed was sealed with another key than those in CAGNOTTE_FIELD_KEY."""


def seal(text: str) -> str:
    """Encrypt a text; every call gives another result."""
    return _box(_keys()).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Decrypt what `seal` made. Raises SecretUnreadable when none of the keys made it."""
    return unseal_bytes(sealed.encode()).decode()


def seal_bytes(content: bytes) -> bytes:
    """Encrypt what a file holds; it grows by a third, and begins with `SEALED`."""
    return _box(_keys()).encrypt(content)


def unseal_bytes(sealed: bytes) -> bytes:
    """Decrypt what `seal_bytes` made. Raises SecretUnreadable when none of the keys made it."""
    try:
        return _box(_keys()).decrypt(sealed)
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

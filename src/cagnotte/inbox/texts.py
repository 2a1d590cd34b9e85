"""Texts from outside, as PostgreSQL can hold them."""

OBJECT_LENGTH_MAX = 120
"""Characters of what a source calls an order."""

SENTENCE_LENGTH_MAX = 1_000


def clean(text: str) -> str:
    """Return a text without NUL and halves of surrogate pairs, for which signs of replacement stand."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def sentence(text: str, length_max: int = SENTENCE_LENGTH_MAX) -> str:
    """Return a text that was written elsewhere as it is kept and shown."""
    return clean(text)[:length_max]


def is_text(text: str) -> bool:
    """Tell whether a text can be kept as it is."""
    return clean(text) == text


def is_name(object_id: str) -> bool:
    """Tell whether a text can be what a source calls an order."""
    return 0 < len(object_id) <= OBJECT_LENGTH_MAX and is_text(object_id)

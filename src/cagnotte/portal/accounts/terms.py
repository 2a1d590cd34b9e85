"""The programme's terms as they stand now, for whoever accepts them."""

from importlib import import_module

from cagnotte.identity.models import Programme


def terms_now(programme: Programme) -> tuple[str, str]:
    """Return version and text."""
    try:
        texts = import_module("cagnotte.portal.helping.terms_text")
    except ModuleNotFoundError:
        return "1", ""
    version, html = texts.current_terms(programme)
    return version, html

"""Every mail as a reader's screen shows it: readable in light and dark, on a phone and a desktop, in both languages."""

from typing import Any

import pytest

from tests.contexts.notices.test_mails import LETTERS, mail, page_of
from tests.pages.axe import OF_MAILS, violations
from tests.pages.conftest import DESKTOP, PHONE, Window

LOOKS = [
    (PHONE, "dark", "fr"),
    (PHONE, "light", "en"),
    (DESKTOP, "light", "fr"),
    (DESKTOP, "dark", "en"),
]


@pytest.mark.parametrize(("width", "scheme", "language"), LOOKS)
def test_every_mail_is_readable(windows: Any, width: int, scheme: str, language: str) -> None:
    window: Window = windows(width, scheme)
    wrong = []
    for kind in LETTERS:
        window.page.set_content(page_of(mail(kind, language)))
        wrong += [f"{kind}: {rule}" for rule in violations(window.page, OF_MAILS)]
        if window.too_wide():
            wrong.append(f"{kind}: scrolls sideways")
    assert wrong == []

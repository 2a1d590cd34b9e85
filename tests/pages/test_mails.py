"""Every mail as a reader's screen shows it: in the dark on a phone in French, in the light on a desktop in English."""

from typing import Any

import pytest

from tests.contexts.notices.test_mails import LETTERS, mail, page_of
from tests.pages.axe import OF_MAILS, violations
from tests.pages.conftest import LOOKS, Window


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

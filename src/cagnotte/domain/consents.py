"""What a member may agree to, beside the programme itself, and take back at any time (GDPR, articles 6 and 7)."""

import enum
from datetime import datetime
from typing import NamedTuple


class Purpose(enum.StrEnum):
    """What personal data may be used for, once the member agrees. Each is asked and withdrawn by itself."""

    ANALYTICS = "analytics"
    """Measuring what members do, with the tools of others."""
    MARKETING = "marketing"
    """Writing to the member, and keeping what is needed for it in a CRM."""


class Consent(NamedTuple):
    """One act of a member: agreed, or taken back.

    at: when. source: where the member said so, such as "checkout". text_version: which wording was agreed to, "" when
    it was taken back.
    """

    purpose: Purpose
    granted: bool
    at: datetime
    source: str
    text_version: str = ""

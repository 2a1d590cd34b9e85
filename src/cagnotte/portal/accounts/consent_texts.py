"""What members are asked to agree to, in words; with a change of the words their version changes, too."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cagnotte.domain.consents import Purpose

VERSION = "portal-1"
"""Of the wording below: kept with each consent."""


class Asked(NamedTuple):
    """One question. what: what one agrees to. means: what happens then, and what does not."""

    purpose: Purpose
    icon: str
    what: str | Promise
    means: str | Promise


QUESTIONS = (
    Asked(
        Purpose.MARKETING,
        "mail",
        _("Write to me about offers"),
        _(
            "Good rates at shops, by e-mail, as you choose under notices. Shops do not get your address."
        ),
    ),
    Asked(
        Purpose.ANALYTICS,
        "chart-line",
        _("Measure how I use these pages"),
        _("It shows what is hard to find. Without it, only what your cashback needs is kept."),
    ),
)

"""The whole story of a decision, for its member or for operators."""

from collections.abc import Mapping
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cagnotte.domain.rating.decision import Decision, Part
from cagnotte.platform.figures import listing
from cagnotte.rewards.sentences.base import base_told
from cagnotte.rewards.sentences.earned import award_told
from cagnotte.rewards.sentences.missed import misses_told
from cagnotte.rewards.sentences.told import Audience, Told


def explain(
    decision: Decision,
    *,
    parties: Mapping[tuple[str, str], str],
    offers: Mapping[str, str],
    audience: Audience = "member",
    clicked_on: date | None = None,
) -> list[str]:
    """Explain a decision in the active language, what was earned first.

    Args:
        decision: as the engine made it, or as read back from where it was kept.
        parties: names of merchants, brands and networks, by (kind, reference).
        offers: names of offers by reference.
        audience: "member" keeps back what is not the member's: commissions, margins, contracts, segments, and the
            codes of coupons.
        clicked_on: the day of the click, where that day's offers bind instead of the purchase's.

    Returns whole sentences in their order: rewards with what cut them, what did not count, what was missed and,
    for operators, what each party owes.
    """
    told = Told(decision, parties, offers, audience)
    sentences = [sentence for award in decision.awards for sentence in award_told(told, award)]
    if not sentences:
        sentences.append(_("This purchase earns nothing."))
    if clicked_on is not None:
        sentences.append(
            _("What was offered on {day} holds, the day of the click.").format(
                day=date_format(clicked_on, "DATE_FORMAT")
            )
        )
    sentences += base_told(told)
    sentences += misses_told(told)
    if audience == "operator":
        sentences += [part_told(told, part) for part in decision.parts]
    return sentences


def part_told(told: Told, part: Part) -> str:
    """Say what one funder owes for the purchase, and how it splits."""
    if part.contract is None:
        return _("The programme pays {amount} itself.").format(amount=told.money(part.reward_minor))
    party = told.party(part.funder_kind, part.funder)
    ref, version = part.contract
    contract = _("contract {ref}, version {version}").format(ref=ref, version=version)
    if part.commission_minor == part.reward_minor:
        return _("{party} owes {amount} for the rewards ({contract}).").format(
            party=party, amount=told.money(part.reward_minor), contract=contract
        )
    shares = (
        (_("{amount} of reward"), part.reward_minor),
        (_("{amount} for the shop"), part.share_minor),
        (_("{amount} of margin"), part.margin_minor),
    )
    return _("{party} owes a commission of {amount} ({contract}): {shares}.").format(
        party=party,
        amount=told.money(part.commission_minor),
        contract=contract,
        shares=listing([text.format(amount=told.money(minor)) for text, minor in shares if minor]),
    )

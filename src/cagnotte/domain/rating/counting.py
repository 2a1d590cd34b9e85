"""What a decision adds to the member's counters, by the state of its purchase."""

from cagnotte.domain.purchases import Validation
from cagnotte.domain.rating.decision import CounterUse, Decision


def active_uses(decision: Decision, validation: Validation) -> list[CounterUse]:
    """Return the uses that count: none when declined, those for confirmed purchases once confirmed."""
    if validation is Validation.DECLINED:
        return []
    confirmed = validation is Validation.CONFIRMED
    return [use for use in decision.uses if confirmed or use.when == "tracked"]

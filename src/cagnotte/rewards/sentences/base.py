"""How much of an order counts, and what was left out of it."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cagnotte.rewards.sentences.told import Told, lines_of

LEFT_OUT = {
    "discount": gettext_lazy("Discounts do not count: {amount} on {lines}."),
    "tax": gettext_lazy("Tax does not count: {amount} on {lines}."),
    "wallet": gettext_lazy("What was paid from the wallet does not count: {amount} on {lines}."),
    "returned": gettext_lazy("What was returned does not count: {amount} on {lines}."),
    "excluded": gettext_lazy("Excluded products do not count: {amount} on {lines}."),
    "gift_card": gettext_lazy("Gift cards do not count: {amount} on {lines}."),
    "below_zero": gettext_lazy(
        "No line counts for less than nothing: {amount} of deductions left aside on {lines}."
    ),
}
"""What was left out of the base, by its code (`LineBase.deductions`)."""

OTHERWISE_LEFT_OUT = gettext_lazy("Something else does not count: {amount} on {lines}.")


def base_told(told: Told) -> list[str]:
    """Say how much of the order counts, where that is not all of it, and why: once for each reason."""
    amounts: dict[str, int] = {}
    numbers: dict[str, list[int]] = {}
    for line in told.decision.lines:
        for code, amount_minor in line.deductions:
            amounts[code] = amounts.get(code, 0) + abs(amount_minor)
            numbers.setdefault(code, []).append(line.number)
    if not amounts:
        return []
    bought_minor = sum(line.amount_minor for line in told.decision.lines)
    counts = _("Of {bought}, {base} counts.").format(
        bought=told.money(bought_minor), base=told.money(told.decision.base_minor)
    )
    known = [code for code in LEFT_OUT if code in amounts]
    return [
        counts,
        *(
            LEFT_OUT.get(code, OTHERWISE_LEFT_OUT).format(
                amount=told.money(amounts[code]), lines=lines_of(numbers[code])
            )
            for code in dict.fromkeys([*known, *amounts])
        ),
    ]

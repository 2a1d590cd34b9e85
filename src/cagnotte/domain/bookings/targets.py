"""What should stand of a reward after a change: the target of *target − booked*.

Funder side and member side are restated separately, each inside its own window of the contract.
"""

from datetime import timedelta

from cagnotte.domain.bookings.earning import PartAmounts, Standing
from cagnotte.domain.contracts import Contract
from cagnotte.domain.purchases import Validation


def target(
    before: Standing,
    validation: Validation,
    parts: tuple[PartAmounts, ...],
    policy: Contract | None,
    age: timedelta,
) -> Standing:
    """Return what should stand now, each side inside its own window of the contract.

    Windows protect what was validated. A funder whose window is over keeps its commission; what the member no
    longer gets of it is margin. A member whose window is over keeps what was confirmed or released; what no funder
    follows any more is the programme's loss. When both are over, a reward never shrinks. What was given up once
    stays given up, until a funder pays for it after all.
    """
    merged = merge_parts(before.parts, parts if validation is not Validation.DECLINED else ())
    if policy is None:
        return Standing(validation, merged)
    validated = before.validation is Validation.CONFIRMED
    member_keeps = age > timedelta(days=policy.member_clawback_days)
    if validated and age > timedelta(days=policy.funder_refund_days):
        pairs = zip(_padded(before.parts, merged), merged, strict=True)
        merged = tuple(_locked(old, new, member_keeps=member_keeps) for old, new in pairs)
    missing = before.reward_minor - sum(part.reward_minor for part in merged)
    if not member_keeps:
        kept = min(before.kept_minor, missing)
    elif validated:
        kept = missing
    else:
        kept = missing - (before.reward_minor - before.released_minor)
    return Standing(validation, merged, kept_minor=max(0, kept))


def standing_of(
    validation: Validation, parts: tuple[PartAmounts, ...], released_minor: int, kept_minor: int
) -> Standing:
    """Return what stands on the books: what outlives a decline stands as confirmed."""
    if validation is Validation.DECLINED and (
        kept_minor or any(part.commission_minor for part in parts)
    ):
        validation = Validation.CONFIRMED
    return Standing(validation, parts, released_minor, kept_minor)


def merge_parts(
    before: tuple[PartAmounts, ...], after: tuple[PartAmounts, ...]
) -> tuple[PartAmounts, ...]:
    """Return `after` in the positions of `before`: a funder keeps its place, one that left stands at zero."""
    by_funder = {(part.funder_kind, part.funder_id): part for part in after}
    merged = []
    for part in before:
        key = (part.funder_kind, part.funder_id)
        merged.append(by_funder.pop(key, PartAmounts(*key, 0, 0, 0, 0)))
    return (*merged, *by_funder.values())


def _padded(
    before: tuple[PartAmounts, ...], after: tuple[PartAmounts, ...]
) -> tuple[PartAmounts, ...]:
    extra = (
        PartAmounts(part.funder_kind, part.funder_id, 0, 0, 0, 0) for part in after[len(before) :]
    )
    return (*before, *extra)


def _locked(old: PartAmounts, new: PartAmounts, *, member_keeps: bool) -> PartAmounts:
    """Return a part whose funder no longer follows: its commission as it was, the rest is margin."""
    if new.funder_kind == "programme":
        return new
    if member_keeps and new.reward_minor <= old.reward_minor:
        return old
    reward = min(new.reward_minor, old.commission_minor)
    share = min(new.share_minor, old.commission_minor - reward)
    return PartAmounts(
        old.funder_kind,
        old.funder_id,
        old.commission_minor,
        reward,
        share,
        old.commission_minor - reward - share,
    )

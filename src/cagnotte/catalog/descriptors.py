"""What statements of banks and cards call the merchants of a programme: kept here, read by `domain.descriptors`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self
from uuid import UUID

from cagnotte.catalog.models import MerchantAlias
from cagnotte.catalog.services import Counts
from cagnotte.domain.descriptors import Known, KnownBy, Matched, NameBook, normalise
from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.hooks.sources import Descriptor
from cagnotte.identity.models import Party


class DescriptorBook:
    """Which merchant of a programme a descriptor means, as things stand when it is opened."""

    def __init__(self, known: Iterable[Known]) -> None:
        self._names = NameBook(known)

    @classmethod
    def open(cls, programme_id: UUID) -> Self:
        """Read all that the programme's merchants are known by; one query."""
        rows = MerchantAlias.objects.filter(programme_id=programme_id).order_by("id")
        return cls(
            Known(ref, KnownBy(kind), value, mcc)
            for ref, kind, value, mcc in rows.values_list("merchant_ref", "kind", "value", "mcc")
        )

    def match(self, descriptor: Descriptor) -> Matched:
        """Return the merchant, with how sure it is and by which version of the rules; None where a person must say."""
        return self._names.match(text=descriptor.text, mid=descriptor.mid, mcc=descriptor.mcc)


def save_descriptors(programme_id: UUID, known: Iterable[Known], *, now: datetime) -> Counts:
    """Write what the programme file says; what it no longer says is removed, what people said stays.

    `changed` counts what was removed. The same again changes nothing.
    """
    rows = MerchantAlias.objects.filter(programme_id=programme_id)
    standing = {
        Known(row.merchant_ref, KnownBy(row.kind), row.value, row.mcc): row
        for row in rows.filter(told_by="")
    }
    wanted = set(known)
    fresh = sorted(wanted - standing.keys())
    gone = [row.pk for entry, row in standing.items() if entry not in wanted]
    rows.filter(pk__in=gone).delete()
    MerchantAlias.objects.bulk_create(
        [
            MerchantAlias(
                programme_id=programme_id,
                merchant_ref=entry.merchant,
                kind=entry.kind.value,
                value=entry.value,
                mcc=entry.mcc,
                told_at=now,
            )
            for entry in fresh
        ],
        batch_size=1000,
    )
    return Counts(len(fresh), len(gone))


def remember(programme_id: UUID, text: str, merchant_ref: str, *, by: str, now: datetime) -> bool:
    """Keep that a person said a wording means a merchant; return False when it was known already.

    What was said before of the same wording is replaced, so that the last word counts.
    Raises InvalidInput for a wording that names nothing, NotFound for an unknown merchant.
    """
    value = normalise(text)
    if not value:
        raise InvalidInput(f"“{text}” holds no name by which a shop could be known.", text=text)
    if not by:
        raise InvalidInput("Who says so must be named.")
    if not Party.objects.filter(
        programme_id=programme_id, kind=Party.Kind.MERCHANT, ref=merchant_ref
    ).exists():
        raise NotFound(f"There is no merchant “{merchant_ref}”.", merchant=merchant_ref)
    said = MerchantAlias.objects.filter(
        programme_id=programme_id, kind=MerchantAlias.Kind.ALIAS, value=value[:200]
    )
    said.exclude(merchant_ref=merchant_ref).delete()
    _, made = said.get_or_create(
        programme_id=programme_id,
        kind=MerchantAlias.Kind.ALIAS,
        value=value[:200],
        merchant_ref=merchant_ref,
        mcc="",
        defaults={"told_by": by, "told_at": now},
    )
    return made

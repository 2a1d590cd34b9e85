"""Writing how a programme and its shops show themselves, as the programme file has it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from cagnotte.catalog.models import ShopCategory, ShopPage, Storefront
from cagnotte.catalog.programme_file.showing import KindFacts, PageFacts, StorefrontFacts
from cagnotte.catalog.services import Counts
from cagnotte.domain import ids

PAGE_FIELDS = ("name", "told", "logo", "words")
KIND_FIELDS = ("name", "icon", "position")


def save_storefront(programme_id: UUID, facts: StorefrontFacts) -> bool:
    """Write how a programme shows itself; return whether anything changed."""
    standing = Storefront.objects.filter(programme_id=programme_id).values(*facts._fields).first()
    if standing == facts._asdict() or (standing is None and facts == StorefrontFacts()):
        return False
    Storefront.objects.update_or_create(programme_id=programme_id, defaults=facts._asdict())
    return True


def save_kinds(programme_id: UUID, kinds: Sequence[KindFacts]) -> Counts:
    """Write the kinds of shops in their order; those no longer named are removed."""
    rows = {row.ref: row for row in ShopCategory.objects.filter(programme_id=programme_id)}
    fresh, changed = [], []
    for position, kind in enumerate(kinds):
        wanted = {"name": kind.name, "icon": kind.icon, "position": position}
        row = rows.pop(kind.ref, None)
        if row is None:
            fresh.append(ShopCategory(programme_id=programme_id, ref=kind.ref, **wanted))
        elif wanted != {name: getattr(row, name) for name in KIND_FIELDS}:
            for name, value in wanted.items():
                setattr(row, name, value)
            changed.append(row)
    ShopCategory.objects.filter(pk__in=[row.pk for row in rows.values()]).delete()
    ShopCategory.objects.bulk_create(fresh)
    ShopCategory.objects.bulk_update(changed, KIND_FIELDS)
    return Counts(len(fresh), len(changed) + len(rows))


def save_pages(programme_id: UUID, pages: Iterable[PageFacts], *, now: datetime) -> Counts:
    """Write the shops' pages: new ones, and those of which something changed. None is removed, as no shop is."""
    standing = {
        row.merchant_id: row
        for row in ShopPage.objects.filter(programme_id=programme_id).defer("folded", "sort_key")
    }
    fresh, changed = [], []
    for page in pages:
        merchant_id = ids.named_id(programme_id, "merchant", page.merchant_ref)
        wanted = {name: getattr(page, name) for name in PAGE_FIELDS}
        row = standing.get(merchant_id)
        if row is None:
            fresh.append(
                ShopPage(
                    merchant_id=merchant_id, programme_id=programme_id, changed_at=now, **wanted
                )
            )
        elif wanted != {name: getattr(row, name) for name in PAGE_FIELDS}:
            for name, value in {**wanted, "changed_at": now}.items():
                setattr(row, name, value)
            changed.append(row)
    ShopPage.objects.bulk_create(fresh, batch_size=1000)
    ShopPage.objects.bulk_update(changed, [*PAGE_FIELDS, "changed_at"], batch_size=500)
    return Counts(len(fresh), len(changed))


def copy_storefront(from_id: UUID, to_id: UUID, *, now: datetime) -> None:
    """Give a programme the storefront, kinds and pages of another whose shops have the same references."""
    shown = Storefront.objects.filter(programme_id=from_id).values(*StorefrontFacts._fields).first()
    if shown is not None:
        save_storefront(to_id, StorefrontFacts(**shown))
    kinds = ShopCategory.objects.filter(programme_id=from_id).order_by("position")
    save_kinds(to_id, [KindFacts(kind.ref, kind.name, kind.icon) for kind in kinds])
    pages = ShopPage.objects.filter(programme_id=from_id).values_list("merchant__ref", *PAGE_FIELDS)
    save_pages(to_id, (PageFacts(*page) for page in pages), now=now)

"""The catalogue in the admin: to look at. Changes go through the programme file, where they are reviewed."""

from django.contrib import admin

from cagnotte.catalog.models import (
    Category,
    Contract,
    MerchantAlias,
    Offer,
    OpeningBalance,
    Product,
    ShopPage,
    ShopSuggestion,
)
from cagnotte.platform.admin import ReadOnlyAdmin


class VersionAdmin(ReadOnlyAdmin):
    """Versions, the latest first."""

    list_filter = ("programme", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("programme",)
    ordering = ("ref", "-version")


@admin.register(Contract)
class ContractAdmin(VersionAdmin):
    """Versions of contracts."""

    list_display = (
        "ref",
        "version",
        "funder_kind",
        "funder_ref",
        "valid_from",
        "valid_until",
        "known_from",
        "closed_at",
    )
    search_fields = ("ref", "funder_ref")


@admin.register(Offer)
class OfferAdmin(VersionAdmin):
    """Versions of offers."""

    list_display = (
        "ref",
        "version",
        "name",
        "role",
        "valid_from",
        "valid_until",
        "known_from",
        "closed_at",
    )
    search_fields = ("ref", "name")


@admin.register(Category)
class CategoryAdmin(ReadOnlyAdmin):
    """The tree of products."""

    list_display = ("ref", "name", "parent_ref", "programme")
    list_filter = ("programme",)
    list_select_related = ("programme",)
    search_fields = ("ref", "name")


@admin.register(Product)
class ProductAdmin(ReadOnlyAdmin):
    """Articles."""

    list_display = ("sku", "name", "category_ref", "brand_ref", "gift_card")
    list_filter = ("gift_card", "programme")
    search_fields = ("=sku", "name")


@admin.register(OpeningBalance)
class OpeningBalanceAdmin(ReadOnlyAdmin):
    """What members brought from another system."""

    list_display = (
        "member_ref",
        "row",
        "version",
        "pending_minor",
        "confirmed_minor",
        "available_minor",
        "expires_on",
        "recorded_at",
    )
    list_filter = ("programme",)
    search_fields = ("=member_ref",)


@admin.register(MerchantAlias)
class MerchantAliasAdmin(ReadOnlyAdmin):
    """What statements call merchants."""

    list_display = ("merchant_ref", "kind", "value", "mcc", "told_by", "told_at")
    list_filter = ("programme", "kind")
    search_fields = ("merchant_ref", "value")


@admin.register(ShopPage)
class ShopPageAdmin(ReadOnlyAdmin):
    """What the shops' pages tell."""

    list_display = ("name", "programme", "changed_at")
    list_filter = ("programme",)
    list_select_related = ("programme",)
    search_fields = ("folded",)


@admin.register(ShopSuggestion)
class ShopSuggestionAdmin(ReadOnlyAdmin):
    """Shops that people miss, the latest first."""

    list_display = ("text", "site", "programme", "at")
    list_filter = ("programme",)
    list_select_related = ("programme",)
    ordering = ("-at",)
    search_fields = ("text", "site")

"""Programmes, parties and members in the admin.

Programmes and parties come from the programme file and members from imports, where every change is checked and
counted; here they are looked at. What concerns one member's wallet alone, freezing it, is done here.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

from cagnotte.identity.models import Member, MemberKey, Party, Programme, Wallet

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class FromFileAdmin(_Admin):
    """Shows rows that a file brings; refuses to add, change or delete one."""

    show_full_result_count = False
    """Counting a million rows would take longer than showing them."""

    def has_add_permission(self, *_: object) -> bool:
        """No."""
        return False

    def has_change_permission(self, *_: object) -> bool:
        """No."""
        return False

    def has_delete_permission(self, *_: object) -> bool:
        """No."""
        return False


@admin.register(Programme)
class ProgrammeAdmin(FromFileAdmin):
    """Programmes."""

    list_display = ("name", "slug", "currency", "timezone", "created_at")
    search_fields = ("name", "slug")


@admin.register(Party)
class PartyAdmin(FromFileAdmin):
    """Merchants, brands and networks."""

    list_display = ("name", "kind", "ref", "country", "programme")
    list_filter = ("kind", "programme")
    list_select_related = ("programme",)
    search_fields = ("name", "ref")


@admin.register(Wallet)
class WalletAdmin(FromFileAdmin):
    """Wallets; an operator may freeze one, and thaw it."""

    list_display = ("id", "programme", "opened_at", "closed_at", "frozen")
    list_filter = ("frozen", "programme")
    list_select_related = ("programme",)
    search_fields = ("=id", "=member__ref")
    readonly_fields = ("id", "programme", "bucket", "opened_at", "closed_at")

    def has_change_permission(self, *args: Any) -> bool:
        """As the person's permissions say: `frozen` is the one field that can be changed."""
        return admin.ModelAdmin.has_change_permission(self, *args)


@admin.register(Member)
class MemberAdmin(FromFileAdmin):
    """Members."""

    list_display = ("ref", "name", "email", "country", "joined_on", "programme")
    list_filter = ("programme", "country")
    list_select_related = ("programme",)
    search_fields = ("=ref", "name", "email")


@admin.register(MemberKey)
class MemberKeyAdmin(FromFileAdmin):
    """Other ways to recognise a member."""

    list_display = ("kind", "value", "wallet")
    list_filter = ("kind",)
    search_fields = ("=value",)

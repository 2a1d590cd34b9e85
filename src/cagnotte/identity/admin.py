"""Programmes, parties and members in the admin.

Programmes and parties come from the programme file and members from imports, where every change is checked and
counted; here they are looked at. What concerns one member's wallet alone, freezing it, is done here.
"""

from typing import Any

from django.contrib import admin

from cagnotte.identity.models import Member, MemberKey, Party, Programme, Wallet
from cagnotte.platform.admin import ReadOnlyAdmin


@admin.register(Programme)
class ProgrammeAdmin(ReadOnlyAdmin):
    """Programmes."""

    list_display = ("name", "slug", "currency", "timezone", "created_at")
    search_fields = ("name", "slug")


@admin.register(Party)
class PartyAdmin(ReadOnlyAdmin):
    """Merchants, brands and networks."""

    list_display = ("name", "kind", "ref", "country", "programme")
    list_filter = ("kind", "programme")
    list_select_related = ("programme",)
    search_fields = ("name", "ref")


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
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
class MemberAdmin(ReadOnlyAdmin):
    """Members."""

    list_display = ("ref", "name", "email", "country", "joined_on", "programme")
    list_filter = ("programme", "country")
    list_select_related = ("programme",)
    search_fields = ("=ref", "name", "email")


@admin.register(MemberKey)
class MemberKeyAdmin(ReadOnlyAdmin):
    """Other ways to recognise a member."""

    list_display = ("kind", "value", "wallet")
    list_filter = ("kind",)
    search_fields = ("=value",)

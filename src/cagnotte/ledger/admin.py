"""The ledger in the admin: to look at, never to change."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import connection
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from cagnotte.domain.money import format_minor
from cagnotte.ledger import selectors
from cagnotte.ledger.models import LedgerAccount, LedgerPeriod, LedgerTransaction

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class ReadOnlyAdmin(_Admin):
    """Shows rows; refuses to add, change or delete one."""

    show_full_result_count = False
    """Counting millions of rows would take longer than showing them."""

    def has_add_permission(self, *_: object) -> bool:
        """No."""
        return False

    def has_change_permission(self, *_: object) -> bool:
        """No."""
        return False

    def has_delete_permission(self, *_: object) -> bool:
        """No."""
        return False


@admin.register(LedgerAccount)
class LedgerAccountAdmin(ReadOnlyAdmin):
    """Accounts with what stands on them."""

    list_display = ("kind", "owner_id", "currency", "side", "mode")
    list_filter = ("kind", "currency")
    search_fields = ("owner_id",)
    readonly_fields = ("balance",)

    @admin.display
    def balance(self, account: LedgerAccount) -> str:
        """The account's balance in its own side."""
        connection.ensure_connection()
        amount_minor = selectors.balance_of_id(connection.connection, account.id)
        return f"{format_minor(amount_minor, account.currency)} {account.currency}"


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(ReadOnlyAdmin):
    """Transactions with their legs."""

    list_display = ("kind", "fact_id", "effective_on", "recorded_at", "legs")
    list_filter = ("kind",)
    search_fields = ("=fact_id",)
    readonly_fields = ("entries",)

    @admin.display
    def entries(self, transaction: LedgerTransaction) -> SafeString:
        """Every leg: account, owner and amount (debit positive)."""
        connection.ensure_connection()
        rows = selectors.entries_of(connection.connection, fact_ids=[transaction.fact_id])
        return format_html_join(
            "",
            "<div>{} {} {} {}</div>",
            (
                (row.kind, row.owner_id, format_minor(row.amount_minor, row.currency), row.currency)
                for row in rows
                if row.transaction_id == transaction.id
            ),
        )


@admin.register(LedgerPeriod)
class LedgerPeriodAdmin(ReadOnlyAdmin):
    """Closed periods."""

    list_display = ("programme_id", "ends_on", "closed_at", "closed_by")

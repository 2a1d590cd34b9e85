"""The ledger in the admin: to look at, never to change."""

from django.contrib import admin
from django.db import connection
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from cagnotte.domain.money import format_minor
from cagnotte.ledger import selectors
from cagnotte.ledger.models import LedgerAccount, LedgerPeriod, LedgerTransaction
from cagnotte.platform.admin import ReadOnlyAdmin


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

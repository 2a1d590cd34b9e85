"""What all pages of the admin have in common: they show rows, and leave changing them to files and journeys."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
else:
    _Admin = admin.ModelAdmin


class ReadOnlyAdmin(_Admin):
    """Shows rows; refuses to add, change or delete one, whatever the person may do elsewhere."""

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

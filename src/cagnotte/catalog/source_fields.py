"""Our words for what files hold: the fields of each kind of source, and of one line of a purchase."""

CONNECTED = "connected"
"""The kind of a source that is reached through a plugin, beside the kinds of files."""

FIELDS: dict[str, tuple[str, ...]] = {
    "purchases": (
        "order_ref",
        "member",
        "merchant",
        "occurred_at",
        "currency",
        "channel",
        "country",
        "coupon_codes",
        "card",
        "delivery",
        "delivery_tax",
        "commission",
        "status",
        "status_reason",
        "updated_at",
        "source_id",
        "clicked_at",
        "amount",
        "return_id",
    ),
    "products": ("sku", "name", "category", "brand", "gift_card"),
    "members": (
        "ref",
        "name",
        "email",
        "country",
        "locale",
        "segments",
        "joined_on",
        "iban",
        "holder",
    ),
    "decisions": (
        "order_ref",
        "merchant",
        "decision",
        "reason",
        "on",
        "line",
        "returned_quantity",
        "returned_amount",
    ),
}
"""Our fields, by the kind of source. The amount of a purchase is for orders without lines."""

LINE_FIELDS = (
    "number",
    "sku",
    "quantity",
    "amount",
    "discount",
    "tax",
    "wallet",
    "category",
    "brand",
    "gift_card",
    "returned_quantity",
    "returned_amount",
)
"""Our fields of one line of a purchase."""

REQUIRED: dict[str, tuple[str, ...]] = {
    "purchases": ("order_ref", "member", "merchant", "occurred_at", "currency"),
    "products": ("sku",),
    "members": ("ref",),
    "decisions": ("order_ref", "merchant", "decision"),
}
"""Fields that must be read from a column or have a constant (the merchant of a one-shop file, for instance)."""

ROWS = "rows"
"""Each row of a CSV file is one line of an order."""

BOOLEANS = {
    "": False,
    "true": True,
    "yes": True,
    "1": True,
    "false": False,
    "no": False,
    "0": False,
}
"""What a file may write for true and false, in lower case; nothing is false."""

"""Bookings: each event of the business, as legs of a balanced transaction.

One function per row of the booking table in docs/reference/bookings.md, grouped by who is concerned:
`earning` (purchases and releases), `spending` (holds, captures, payouts, expiry), `companies` (statements,
receipts, currencies, the operator's own money).
"""

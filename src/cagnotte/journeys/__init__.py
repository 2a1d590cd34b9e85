"""The verbs: each file is one journey through several contexts, and reads like a story.

`ingest` (files to booked rewards) → `validate` (confirm, decline, amend) → `mature` (available) → `pay_out`,
beside `redeem`, `expire`, `close_account`. Only journeys call several contexts; interfaces call one journey.
"""

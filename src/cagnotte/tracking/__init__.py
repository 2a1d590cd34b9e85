"""Tracking: clicks that leave for a shop, the visits they belong to, and which member a trace of a purchase leads to.

A click is written as somebody follows one of our links, before the shop's page is seen; its short reference travels
with the visitor and comes back with the order. What a source tells beside clicks (a member number, a card, a code,
an address) leads to a member through `identity`. Who earns in the end is decided by `domain.attribution`.
May import: catalog, identity, ledger, hooks and below. Look next at `models`, `services` (writes) and `selectors`
(reads); `targets` says where a link may lead, `visitors` who is asking.
"""

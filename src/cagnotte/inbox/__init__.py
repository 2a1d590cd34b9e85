"""The inbox: what connected sources said, as raw messages, and the orders that stand after all of it.

A message is kept as bytes before anything understands it. Read, it becomes pieces, each one fact about one order;
an order stands as its pieces fold. What cannot be read, matched or attributed waits here with its reason.
May import: catalog, identity, hooks and below. Look next at `models`, `services` (writes) and `selectors` (reads); what
joins an order to a member and records it is the journey `read_inbox`.
"""

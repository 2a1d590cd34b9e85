"""Notices: what happened in a programme, told to those who asked to hear it.

An *event* is one fact as others may know it, with an id that never changes. A *delivery* is an event on its way to one
recipient: a webhook endpoint, or a listener (a plugin). Events are made from the books by the journey `tell_events`,
and carried out by `deliver_events`. May import: wallet and below. Look next at `catalogue` (what there is to tell),
`models`, `endpoints` (webhooks), `deliveries`.
"""

"""What machines call: the REST interface `/v1`, and the address where connected sources send to.

Each view parses, makes one call of a journey or selector, and renders; what goes wrong is a problem document (RFC 9457)
that tells nothing of the inside. The way of a request: `gate` (id, key, quota, version, log), then the operation in
`resources/NAME.py` as `v1` mounts it, with `access` (who may), `idempotency` (what a retry gets), `pages` (cursors) and
`conditional` (ETags). May import: journeys and below. Look next at `v1`.
"""

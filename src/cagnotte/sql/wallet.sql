-- Queries of spending. Locks are taken in this order, each sorted by id: wallets, holds, lots, balances.

-- name: lock_wallets
-- in: wallet_ids, programme_id. Locks their rows (FOR NO KEY UPDATE) by id. Index: primary key.
SELECT id, frozen, closed_at
FROM identity_wallet
WHERE id = ANY(%(wallet_ids)s) AND programme_id = %(programme_id)s
ORDER BY id
FOR NO KEY UPDATE;

-- name: holds_by_reference
-- in: programme_id, purpose, references. Index: hold_reference_unique. No locks.
SELECT
    id, wallet_id, purpose, reference, currency, amount_minor, captured_minor, state, merchant_id, expires_at,
    created_at, resolved_at
FROM wallet_hold
WHERE programme_id = %(programme_id)s AND purpose = %(purpose)s AND reference = ANY(%(references)s);

-- name: hold_for_order
-- in: programme_id, id. Index: primary key. No locks.
SELECT
    id, wallet_id, purpose, reference, currency, amount_minor, captured_minor, state, merchant_id, expires_at,
    created_at, resolved_at
FROM wallet_hold
WHERE programme_id = %(programme_id)s AND id = %(id)s AND purpose = 'redeem';

-- name: holds_by_id
-- in: hold_ids. Index: primary key. No locks.
SELECT
    id, wallet_id, purpose, reference, currency, amount_minor, captured_minor, state, merchant_id, expires_at,
    created_at, resolved_at
FROM wallet_hold
WHERE id = ANY(%(hold_ids)s)
ORDER BY id;

-- name: lock_holds
-- in: hold_ids. Locks their rows by id; their wallets are locked before. Index: primary key.
SELECT
    id, wallet_id, purpose, reference, currency, amount_minor, captured_minor, state, merchant_id, expires_at,
    created_at, resolved_at
FROM wallet_hold
WHERE id = ANY(%(hold_ids)s)
ORDER BY id
FOR NO KEY UPDATE;

-- name: open_holds_of_wallet
-- in: wallet_id. Index: hold_open. No locks.
SELECT
    id, wallet_id, purpose, reference, currency, amount_minor, captured_minor, state, merchant_id, expires_at,
    created_at, resolved_at
FROM wallet_hold
WHERE wallet_id = %(wallet_id)s AND state = 'open'
ORDER BY created_at, id;

-- name: overdue_holds
-- in: programme_id, now, at_most. Index: hold_due. No locks; whoever resolves them looks again.
SELECT id
FROM wallet_hold
WHERE programme_id = %(programme_id)s AND state = 'open' AND expires_at <= %(now)s
ORDER BY expires_at, id
LIMIT %(at_most)s;

-- name: lock_spendable_lots
-- in: wallet_ids, currency, day. Locks lots that hold something and can be spent that day, by id.
-- Index: lot_open.
SELECT id, remaining_minor, expires_on, available_on, wallet_id
FROM rewards_lot
WHERE
    wallet_id = ANY(%(wallet_ids)s) AND remaining_minor > 0 AND currency = %(currency)s
    AND (expires_on IS NULL OR expires_on >= %(day)s)
ORDER BY id
FOR NO KEY UPDATE;

-- name: lock_lots
-- in: lot_ids. Locks them by id. Index: primary key.
SELECT id, remaining_minor, expires_on, available_on, wallet_id
FROM rewards_lot
WHERE id = ANY(%(lot_ids)s)
ORDER BY id
FOR NO KEY UPDATE;

-- name: lots_of_wallet
-- in: wallet_id, currency. Index: lot_open. No locks.
SELECT id, remaining_minor, expires_on, available_on, wallet_id
FROM rewards_lot
WHERE wallet_id = %(wallet_id)s AND currency = %(currency)s AND remaining_minor > 0
ORDER BY expires_on NULLS LAST, available_on, id;

-- name: take_from_lots
-- in: lot_ids, amounts_minor (a lot may come twice). Writes rewards_lot, locked before.
UPDATE rewards_lot
SET remaining_minor = remaining_minor - taken.amount_minor
FROM (
    SELECT lot_id, sum(amount_minor) AS amount_minor
    FROM unnest(%(lot_ids)s::uuid[], %(amounts_minor)s::bigint[]) AS part (lot_id, amount_minor)
    GROUP BY lot_id
) AS taken
WHERE rewards_lot.id = taken.lot_id;

-- name: give_back_to_lots
-- in: lot_ids, amounts_minor (a lot may come twice). Writes rewards_lot, locked before.
UPDATE rewards_lot
SET remaining_minor = remaining_minor + given.amount_minor
FROM (
    SELECT lot_id, sum(amount_minor) AS amount_minor
    FROM unnest(%(lot_ids)s::uuid[], %(amounts_minor)s::bigint[]) AS part (lot_id, amount_minor)
    GROUP BY lot_id
) AS given
WHERE rewards_lot.id = given.lot_id;

-- name: split_lots
-- in: lot_ids, new_ids, amounts_minor, expire_on. Writes a new lot per row, in all else like the lot it is split
-- from, and lessens what that lot was made with: together they are what was released. Locked before.
WITH part AS (
    SELECT lot_id, new_id, amount_minor, expires_on
    FROM unnest(
        %(lot_ids)s::uuid[], %(new_ids)s::uuid[], %(amounts_minor)s::bigint[], %(expire_on)s::date[]
    ) AS part (lot_id, new_id, amount_minor, expires_on)
),
lessened AS (
    UPDATE rewards_lot
    SET amount_minor = rewards_lot.amount_minor - moved.amount_minor
    FROM (SELECT lot_id, sum(amount_minor) AS amount_minor FROM part GROUP BY lot_id) AS moved
    WHERE rewards_lot.id = moved.lot_id
)
INSERT INTO rewards_lot (
    id, wallet_id, bucket, purchase_id, origin, currency, amount_minor, remaining_minor, expired_minor,
    available_on, expires_on, breakage_to, breakage_account
)
SELECT
    part.new_id, lot.wallet_id, lot.bucket, lot.purchase_id, lot.origin, lot.currency, part.amount_minor,
    part.amount_minor, 0, lot.available_on, part.expires_on, lot.breakage_to, lot.breakage_account
FROM part
INNER JOIN rewards_lot AS lot ON lot.id = part.lot_id;

-- name: insert_holds
-- in: one array per column that differs. Writes wallet_hold.
INSERT INTO wallet_hold (
    id, programme_id, wallet_id, bucket, currency, amount_minor, captured_minor, state, purpose, reference,
    merchant_id, expires_at, created_at
)
SELECT
    hold.id, %(programme_id)s, hold.wallet_id, hold.bucket, %(currency)s, hold.amount_minor, 0, 'open',
    hold.purpose, hold.reference, hold.merchant_id, hold.expires_at, %(now)s
FROM unnest(
    %(ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::smallint[], %(amounts_minor)s::bigint[],
    %(purposes)s::text[], %(references)s::text[], %(merchant_ids)s::uuid[], %(expire_at)s::timestamptz[]
) AS hold (id, wallet_id, bucket, amount_minor, purpose, reference, merchant_id, expires_at)
ORDER BY hold.id;

-- name: insert_allocations
-- in: one array per column. Writes wallet_hold_allocation.
INSERT INTO wallet_hold_allocation (
    hold_id, lot_id, wallet_id, bucket, amount_minor, captured_minor, returned_minor
)
SELECT hold_id, lot_id, wallet_id, bucket, amount_minor, 0, 0
FROM unnest(
    %(hold_ids)s::uuid[], %(lot_ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::smallint[],
    %(amounts_minor)s::bigint[]
) AS allocation (hold_id, lot_id, wallet_id, bucket, amount_minor);

-- name: allocations_of_holds
-- in: hold_ids. Index: hold_allocation_unique. Their holds are locked before.
SELECT hold_id, lot_id, amount_minor, captured_minor, returned_minor
FROM wallet_hold_allocation
WHERE hold_id = ANY(%(hold_ids)s);

-- name: resolve_holds
-- in: hold_ids, states, captured_minors, now. Writes wallet_hold, locked before.
UPDATE wallet_hold
SET state = outcome.state, captured_minor = outcome.captured_minor, resolved_at = %(now)s
FROM unnest(%(hold_ids)s::uuid[], %(states)s::text[], %(captured_minors)s::bigint[])
    AS outcome (hold_id, state, captured_minor)
WHERE wallet_hold.id = outcome.hold_id;

-- name: capture_allocations
-- in: hold_ids, lot_ids, amounts_minor. Writes wallet_hold_allocation.
UPDATE wallet_hold_allocation
SET captured_minor = spent.amount_minor
FROM unnest(%(hold_ids)s::uuid[], %(lot_ids)s::uuid[], %(amounts_minor)s::bigint[])
    AS spent (hold_id, lot_id, amount_minor)
WHERE wallet_hold_allocation.hold_id = spent.hold_id AND wallet_hold_allocation.lot_id = spent.lot_id;

-- name: return_allocations
-- in: hold_ids, lot_ids, amounts_minor. Writes wallet_hold_allocation.
UPDATE wallet_hold_allocation
SET returned_minor = returned_minor + back.amount_minor
FROM unnest(%(hold_ids)s::uuid[], %(lot_ids)s::uuid[], %(amounts_minor)s::bigint[])
    AS back (hold_id, lot_id, amount_minor)
WHERE wallet_hold_allocation.hold_id = back.hold_id AND wallet_hold_allocation.lot_id = back.lot_id;

-- name: insert_capture
-- in: the row. Writes wallet_capture.
INSERT INTO wallet_capture (
    id, hold_id, programme_id, wallet_id, bucket, merchant_id, currency, amount_minor, fee_minor, refunded_minor,
    captured_at
)
VALUES (
    %(id)s, %(hold_id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(merchant_id)s, %(currency)s,
    %(amount_minor)s, %(fee_minor)s, 0, %(now)s
);

-- name: capture_of_hold
-- in: hold_id. Index: unique. No locks: the hold is locked before.
SELECT id, hold_id, wallet_id, merchant_id, currency, amount_minor, fee_minor, refunded_minor, captured_at
FROM wallet_capture
WHERE hold_id = %(hold_id)s;

-- name: capture_by_id
-- in: capture_id. Index: primary key. No locks.
SELECT id, hold_id, wallet_id, merchant_id, currency, amount_minor, fee_minor, refunded_minor, captured_at
FROM wallet_capture
WHERE id = %(capture_id)s;

-- name: refund_by_reference
-- in: capture_id, reference. Index: refund_unique. No locks: the hold is locked before.
SELECT id, capture_id, reference, wallet_id, amount_minor, fee_minor, repaid_minor, refunded_at
FROM wallet_refund
WHERE capture_id = %(capture_id)s AND reference = %(reference)s;

-- name: insert_refund
-- in: the row. Writes wallet_refund, and the running total of its capture.
WITH counted AS (
    UPDATE wallet_capture SET refunded_minor = refunded_minor + %(amount_minor)s WHERE id = %(capture_id)s
)
INSERT INTO wallet_refund (
    id, capture_id, reference, wallet_id, bucket, currency, amount_minor, fee_minor, repaid_minor, refunded_at
)
VALUES (
    %(id)s, %(capture_id)s, %(reference)s, %(wallet_id)s, %(bucket)s, %(currency)s, %(amount_minor)s,
    %(fee_minor)s, %(repaid_minor)s, %(now)s
);

-- name: insert_capture_lines
-- in: capture_id, and one array per column. Writes wallet_capture_line in the order given.
INSERT INTO wallet_capture_line (capture_id, line, amount_minor, share_minor)
SELECT %(capture_id)s, n.line, n.amount_minor, n.share_minor
FROM unnest(%(lines)s::text[], %(amounts_minor)s::bigint[], %(shares_minor)s::bigint[]) WITH ORDINALITY
    AS n (line, amount_minor, share_minor, place)
ORDER BY n.place;

-- name: shares_of_capture
-- in: capture_id. out: each line with what came back of it. Index: capture_line_unique, refund_line_capture. No locks: the
-- hold is locked before.
SELECT
    paid.line, paid.amount_minor, paid.share_minor, coalesce(sum(back.amount_minor), 0)::bigint,
    coalesce(sum(back.share_minor), 0)::bigint
FROM wallet_capture_line AS paid
LEFT JOIN wallet_refund_line AS back ON back.capture_id = paid.capture_id AND back.line = paid.line
WHERE paid.capture_id = %(capture_id)s
GROUP BY paid.id, paid.line, paid.amount_minor, paid.share_minor
ORDER BY paid.id;

-- name: lines_of_refund
-- in: refund_id. Index: refund_line_unique. No locks: the hold is locked before.
SELECT line, amount_minor, share_minor FROM wallet_refund_line WHERE refund_id = %(refund_id)s ORDER BY id;

-- name: insert_refund_lines
-- in: refund_id, capture_id, and one array per column. Writes wallet_refund_line.
INSERT INTO wallet_refund_line (refund_id, capture_id, line, amount_minor, share_minor)
SELECT %(refund_id)s, %(capture_id)s, n.line, n.amount_minor, n.share_minor
FROM unnest(%(lines)s::text[], %(amounts_minor)s::bigint[], %(shares_minor)s::bigint[])
    AS n (line, amount_minor, share_minor);

-- name: spent_at_shop
-- in: programme_id, wallet_id, merchant_id, currency, day. out: what a wallet spent at a shop since that day began in the
-- programme's time zone, or holds for it now, less what came back. Index: hold_of_wallet. No locks: the wallet is
-- locked before.
SELECT coalesce(sum(
    CASE hold.state WHEN 'open' THEN hold.amount_minor ELSE capture.amount_minor - capture.refunded_minor END
), 0)::bigint
FROM wallet_hold AS hold
INNER JOIN identity_programme AS programme ON programme.id = hold.programme_id
LEFT JOIN wallet_capture AS capture ON capture.hold_id = hold.id
WHERE
    hold.wallet_id = %(wallet_id)s AND hold.programme_id = %(programme_id)s AND hold.merchant_id = %(merchant_id)s
    AND hold.currency = %(currency)s AND hold.purpose = 'redeem' AND hold.created_at >= %(day)s::timestamp AT TIME ZONE programme.timezone
    AND hold.state IN ('open', 'captured');

-- name: holds_page
-- in: programme_id, wallet_id (null = all), before (the last one of the page before, null = from the newest), at_most.
-- out: ids of holds for orders, newest first; those that a late capture made stand behind the first. Index: hold_of_wallet where a wallet is named. No locks.
SELECT id FROM wallet_hold
WHERE
    programme_id = %(programme_id)s AND purpose = 'redeem' AND reference NOT LIKE '%%:late'
    AND (%(wallet_id)s::uuid IS NULL OR wallet_id = %(wallet_id)s)
    AND (
        %(before)s::uuid IS NULL
        OR (created_at, id) < (SELECT h.created_at, h.id FROM wallet_hold AS h WHERE h.id = %(before)s)
    )
ORDER BY created_at DESC, id DESC
LIMIT %(at_most)s;

-- name: refunds_of_capture
-- in: capture_id. out: oldest first. Index: refund_unique. No locks.
SELECT id, capture_id, reference, wallet_id, amount_minor, fee_minor, repaid_minor, refunded_at
FROM wallet_refund
WHERE capture_id = %(capture_id)s
ORDER BY refunded_at, id;

-- name: programmes_with_overdue_holds
-- in: now. out: (id, currency, timezone) of programmes with holds to give back. Index: hold_due. No locks.
SELECT programme.id, programme.currency, programme.timezone
FROM identity_programme AS programme
WHERE programme.id IN (
    SELECT hold.programme_id FROM wallet_hold AS hold WHERE hold.state = 'open' AND hold.expires_at <= %(now)s
)
ORDER BY programme.id;

-- name: wallets_with_expired_lots
-- in: programme_id, currency, day, after (a wallet id), at_most. Index: lot_open, then the wallet's primary key.
-- No locks; whoever expires them looks again.
SELECT DISTINCT lot.wallet_id
FROM rewards_lot AS lot
INNER JOIN identity_wallet AS wallet ON wallet.id = lot.wallet_id
WHERE
    lot.remaining_minor > 0 AND lot.expires_on < %(day)s AND lot.currency = %(currency)s
    AND lot.wallet_id > %(after)s AND wallet.programme_id = %(programme_id)s
ORDER BY lot.wallet_id
LIMIT %(at_most)s;

-- name: lock_expired_lots
-- in: wallet_ids (locked before), currency, day. Locks the lots by id. Index: lot_open.
SELECT id, wallet_id, remaining_minor, breakage_to, breakage_account
FROM rewards_lot
WHERE
    wallet_id = ANY(%(wallet_ids)s) AND remaining_minor > 0 AND currency = %(currency)s
    AND expires_on < %(day)s
ORDER BY id
FOR NO KEY UPDATE;

-- name: lock_open_lots
-- in: wallet_id (locked before), currency. Locks all lots that hold something, by id. Index: lot_open.
SELECT id, wallet_id, remaining_minor, breakage_to, breakage_account
FROM rewards_lot
WHERE wallet_id = %(wallet_id)s AND remaining_minor > 0 AND currency = %(currency)s
ORDER BY id
FOR NO KEY UPDATE;

-- name: closed_wallets_with_lots
-- in: programme_id, currency, after (a wallet id), at_most. out: closed wallets in which money has become available, in the
-- order of their ids. Reads the programme's closed wallets; index: lot_open. No locks; whoever settles them looks again.
SELECT wallet.id
FROM identity_wallet AS wallet
WHERE
    wallet.programme_id = %(programme_id)s AND wallet.closed_at IS NOT NULL AND wallet.id > %(after)s
    AND EXISTS (
        SELECT FROM rewards_lot AS lot
        WHERE lot.wallet_id = wallet.id AND lot.remaining_minor > 0 AND lot.currency = %(currency)s
    )
ORDER BY wallet.id
LIMIT %(at_most)s;

-- name: is_erased
-- in: wallet_id, pseudonym (how the number of an erased member begins). out: whether its member was erased.
-- Index: the wallet's. No locks.
SELECT EXISTS (
    SELECT FROM identity_member WHERE wallet_id = %(wallet_id)s AND starts_with(ref, %(pseudonym)s)
);

-- name: expire_lots
-- in: lot_ids. Writes rewards_lot, locked before.
UPDATE rewards_lot
SET expired_minor = expired_minor + remaining_minor, remaining_minor = 0
WHERE id = ANY(%(lot_ids)s);

-- name: close_wallet
-- in: wallet_id, now. Writes identity_wallet, locked before; a wallet that is closed stays as it was closed.
UPDATE identity_wallet SET closed_at = %(now)s WHERE id = %(wallet_id)s AND closed_at IS NULL;

-- name: wallet_of_member
-- in: programme_id, ref (member number). Index: member_ref_unique. No locks.
SELECT wallet_id FROM identity_member WHERE programme_id = %(programme_id)s AND ref = %(ref)s;

-- name: member_refs
-- in: wallet_ids. The member numbers behind some wallets, to show. Index: the wallet's. No locks.
SELECT wallet_id, ref FROM identity_member WHERE wallet_id = ANY(%(wallet_ids)s);

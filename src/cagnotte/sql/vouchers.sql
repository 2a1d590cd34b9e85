-- Queries of vouchers. Locks are taken in this order, each sorted by id: wallets, holds, vouchers, lots, balances.

-- name: vouchers_by_id
-- in: ids. Index: primary key. No locks.
SELECT
    id, programme_id, wallet_id, origin, reference, state, currency, amount_minor, used_minor, returned_minor,
    expired_minor, taken_minor, valid_from, valid_until, minimum_basket_minor, partial_use, merchant_id, signed,
    hold_id, purchase_id, last4, breakage_account, created_at
FROM wallet_voucher
WHERE id = ANY(%(ids)s)
ORDER BY id;

-- name: lock_vouchers
-- in: ids. Locks their rows by id; their wallets and holds are locked before. Index: primary key.
SELECT
    id, programme_id, wallet_id, origin, reference, state, currency, amount_minor, used_minor, returned_minor,
    expired_minor, taken_minor, valid_from, valid_until, minimum_basket_minor, partial_use, merchant_id, signed,
    hold_id, purchase_id, last4, breakage_account, created_at
FROM wallet_voucher
WHERE id = ANY(%(ids)s)
ORDER BY id
FOR NO KEY UPDATE;

-- name: voucher_of_code
-- in: programme_id, code_hash. out: its id. Index: voucher_code_unique. No locks.
SELECT id FROM wallet_voucher WHERE programme_id = %(programme_id)s AND code_hash = %(code_hash)s;

-- name: voucher_of_reference
-- in: programme_id, origin, reference. out: its id. Index: voucher_reference_unique. No locks.
SELECT id FROM wallet_voucher
WHERE programme_id = %(programme_id)s AND origin = %(origin)s AND reference = %(reference)s;

-- name: vouchers_page
-- in: programme_id, wallet_id (null = all), before (the last one of the page before, null = from the newest), at_most.
-- out: ids, newest first. Index: voucher_of_wallet; without a wallet, the programme's vouchers are read. No locks.
SELECT id FROM wallet_voucher
WHERE
    programme_id = %(programme_id)s
    AND (%(wallet_id)s::uuid IS NULL OR wallet_id = %(wallet_id)s)
    AND (
        %(before)s::uuid IS NULL
        OR (created_at, id) < (SELECT v.created_at, v.id FROM wallet_voucher AS v WHERE v.id = %(before)s)
    )
ORDER BY created_at DESC, id DESC
LIMIT %(at_most)s;

-- name: open_vouchers
-- in: programme_id, wallet_id. out: ids of vouchers that hold something, those that end first in front.
-- Index: voucher_of_wallet. No locks.
SELECT id FROM wallet_voucher
WHERE programme_id = %(programme_id)s AND wallet_id = %(wallet_id)s AND state IN ('issued', 'part_used')
ORDER BY valid_until, id;

-- name: vouchers_to_close
-- in: programme_id, currency, day, at_most, grace_days. out: ids. Index: voucher_due. No locks; whoever closes them looks
-- again. One that a shop's software takes waits until that was asked after the voucher's end, and no longer than grace_days.
SELECT v.id FROM wallet_voucher AS v
WHERE v.programme_id = %(programme_id)s AND v.currency = %(currency)s AND v.state IN ('issued', 'part_used')
    AND v.closes_on <= %(day)s
    AND NOT EXISTS (
        SELECT FROM wallet_voucher_at_shop AS s
        WHERE s.voucher_id = v.id AND s.state IN ('telling', 'told', 'calling_off')
            AND v.closes_on + %(grace_days)s > %(day)s
    )
ORDER BY v.closes_on, v.id
LIMIT %(at_most)s;

-- name: vouchers_of_purchases
-- in: purchase_ids. out: what can be taken back of the vouchers they earned. Index: voucher_of_purchase. Locks them by
-- id; their wallets are locked before.
SELECT id, wallet_id, purchase_id, amount_minor - used_minor - returned_minor - expired_minor - taken_minor,
       expired_minor, taken_minor, used_minor, valid_until, breakage_account, state
FROM wallet_voucher
WHERE purchase_id = ANY(%(purchase_ids)s)
ORDER BY id
FOR NO KEY UPDATE;

-- name: take_back_vouchers
-- in: ids, taken, expired, states. Writes wallet_voucher by primary key; its rows are locked.
UPDATE wallet_voucher AS v SET taken_minor = n.taken_minor, expired_minor = n.expired_minor, state = n.state
FROM unnest(%(ids)s::uuid[], %(taken)s::bigint[], %(expired)s::bigint[], %(states)s::text[])
    AS n (id, taken_minor, expired_minor, state)
WHERE v.id = n.id;

-- name: insert_vouchers
-- in: programme_id, currency, origin, now, and one array per column that differs. Writes wallet_voucher.
INSERT INTO wallet_voucher (
    id, programme_id, wallet_id, bucket, currency, amount_minor, used_minor, returned_minor, expired_minor, taken_minor,
    state, origin, reference, hold_id, purchase_id, code_hash, last4, minimum_basket_minor, valid_from, valid_until,
    closes_on, partial_use, merchant_id, signed, breakage_account, created_at
)
SELECT n.id, %(programme_id)s, n.wallet_id, n.bucket, %(currency)s, n.amount_minor, 0, 0, 0, 0,
       'issued', %(origin)s, n.reference, n.hold_id, n.purchase_id, n.code_hash, n.last4, n.minimum_basket_minor,
       n.valid_from, n.valid_until, n.closes_on, n.partial_use, n.merchant_id, n.signed, n.breakage_account, %(now)s
FROM unnest(
    %(ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::smallint[], %(amounts_minor)s::bigint[], %(references)s::text[],
    %(hold_ids)s::uuid[], %(purchase_ids)s::uuid[], %(hashes)s::text[], %(last4s)s::text[], %(minimums)s::bigint[],
    %(first_days)s::date[], %(last_days)s::date[], %(closing_days)s::date[], %(partial)s::boolean[],
    %(merchant_ids)s::uuid[], %(signed)s::boolean[], %(gainers)s::jsonb[]
) AS n (id, wallet_id, bucket, amount_minor, reference, hold_id, purchase_id, code_hash, last4, minimum_basket_minor,
        valid_from, valid_until, closes_on, partial_use, merchant_id, signed, breakage_account)
ORDER BY n.id;

-- name: change_vouchers
-- in: ids, states, and what is added to used, returned and expired. Writes wallet_voucher by primary key; locked before.
UPDATE wallet_voucher AS v
SET state = n.state, used_minor = v.used_minor + n.used_minor, returned_minor = v.returned_minor + n.returned_minor,
    expired_minor = v.expired_minor + n.expired_minor
FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(used)s::bigint[], %(returned)s::bigint[], %(expired)s::bigint[])
    AS n (id, state, used_minor, returned_minor, expired_minor)
WHERE v.id = n.id;

-- name: use_of_order
-- in: voucher_id, merchant_id, order_ref. Index: voucher_use_unique. No locks: the voucher is locked before.
SELECT id, voucher_id, programme_id, wallet_id, merchant_id, order_ref, currency, amount_minor, refunded_minor, kind,
       used_on, recorded_at
FROM wallet_voucher_use
WHERE voucher_id = %(voucher_id)s AND merchant_id = %(merchant_id)s AND order_ref = %(order_ref)s;

-- name: uses_of_voucher
-- in: voucher_id. out: oldest first. Index: voucher_use_unique. No locks.
SELECT id, voucher_id, programme_id, wallet_id, merchant_id, order_ref, currency, amount_minor, refunded_minor, kind,
       used_on, recorded_at
FROM wallet_voucher_use
WHERE voucher_id = %(voucher_id)s
ORDER BY recorded_at, id;

-- name: use_by_id
-- in: id. Index: primary key. No locks: the voucher is locked before.
SELECT id, voucher_id, programme_id, wallet_id, merchant_id, order_ref, currency, amount_minor, refunded_minor, kind,
       used_on, recorded_at
FROM wallet_voucher_use
WHERE id = %(id)s;

-- name: double_uses
-- in: programme_id, at_most. out: signed vouchers that were taken twice, newest first. Index: voucher_used_twice. No locks.
SELECT id, voucher_id, programme_id, wallet_id, merchant_id, order_ref, currency, amount_minor, refunded_minor, kind,
       used_on, recorded_at
FROM wallet_voucher_use
WHERE programme_id = %(programme_id)s AND kind IN ('double_paid', 'double_unpaid')
ORDER BY recorded_at DESC, id DESC
LIMIT %(at_most)s;

-- name: insert_use
-- in: the row. Writes wallet_voucher_use.
INSERT INTO wallet_voucher_use (
    id, voucher_id, programme_id, wallet_id, bucket, merchant_id, order_ref, currency, amount_minor, refunded_minor, kind,
    used_on, recorded_at
)
VALUES (
    %(id)s, %(voucher_id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(merchant_id)s, %(order_ref)s, %(currency)s,
    %(amount_minor)s, 0, %(kind)s, %(used_on)s, %(recorded_at)s
);

-- name: refund_of_use
-- in: use_id, reference. Index: voucher_refund_unique. No locks: the voucher is locked before.
SELECT id, use_id, reference, wallet_id, amount_minor, to_voucher, repaid_minor, refunded_at
FROM wallet_voucher_refund
WHERE use_id = %(use_id)s AND reference = %(reference)s;

-- name: insert_voucher_refund
-- in: the row. Writes wallet_voucher_refund, and the running total of its use.
WITH counted AS (
    UPDATE wallet_voucher_use SET refunded_minor = refunded_minor + %(amount_minor)s WHERE id = %(use_id)s
)
INSERT INTO wallet_voucher_refund (
    id, use_id, reference, wallet_id, bucket, currency, amount_minor, to_voucher, repaid_minor, refunded_at
)
VALUES (
    %(id)s, %(use_id)s, %(reference)s, %(wallet_id)s, %(bucket)s, %(currency)s, %(amount_minor)s, %(to_voucher)s,
    %(repaid_minor)s, %(refunded_at)s
);

-- name: insert_lots
-- in: currency, on, and one array per column that differs. Writes rewards_lot: money of a reward's voucher that is the
-- member's after all.
INSERT INTO rewards_lot (
    id, wallet_id, bucket, purchase_id, origin, currency, amount_minor, remaining_minor, expired_minor, available_on,
    expires_on, breakage_to, breakage_account
)
SELECT n.id, n.wallet_id, n.bucket, n.purchase_id, 'purchase_rebate', %(currency)s, n.amount_minor, n.remaining_minor, 0,
       %(on)s, n.expires_on, CASE WHEN n.gainer ->> 'kind' = 'funder.due' THEN 'funder' ELSE 'programme' END, n.gainer
FROM unnest(
    %(ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::smallint[], %(purchase_ids)s::uuid[], %(amounts_minor)s::bigint[],
    %(remaining)s::bigint[], %(expire_on)s::date[], %(gainers)s::jsonb[]
) AS n (id, wallet_id, bucket, purchase_id, amount_minor, remaining_minor, expires_on, gainer);

-- name: rewards_with_vouchers
-- in: ids of purchases, locked with their wallets. out: those whose reward is still to be issued as vouchers in part, with
-- all that decides about them. Index: primary keys. Guarded by the purchases' locks.
SELECT p.id, p.version, p.wallet_id, p.merchant_id, p.currency, r.vouchered_minor,
       least(greatest(r.voucher_minor - r.vouchered_minor, 0), r.amount_minor - r.released_minor), d.decision::text
FROM purchases_purchase AS p
JOIN rewards_reward AS r ON r.purchase_id = p.id
JOIN rewards_decision AS d ON d.id = r.decision_id
WHERE p.id = ANY(%(ids)s) AND r.voucher_minor > r.vouchered_minor AND r.amount_minor > r.released_minor
ORDER BY p.id;

-- name: count_issued
-- in: ids, amounts_minor. Writes rewards_reward and purchases_purchase by primary key; the purchases are locked.
WITH issued AS (
    SELECT id, amount_minor FROM unnest(%(ids)s::uuid[], %(amounts_minor)s::bigint[]) AS n (id, amount_minor)
), rewarded AS (
    UPDATE rewards_reward AS r
    SET released_minor = r.released_minor + i.amount_minor, vouchered_minor = r.vouchered_minor + i.amount_minor
    FROM issued AS i WHERE r.purchase_id = i.id
)
UPDATE purchases_purchase AS p SET release_on = NULL FROM issued AS i WHERE p.id = i.id;

-- name: key_in_use
-- in: programme_id. Index: voucher_key_one_in_use. No locks.
SELECT id, number, public_key, sealed_key FROM wallet_voucher_key
WHERE programme_id = %(programme_id)s AND retired_at IS NULL;

-- name: keys_of_programme
-- in: programme_id. out: every key that ever signed, oldest first. Index: voucher_key_number_unique. No locks.
SELECT id, number, public_key, created_at, retired_at FROM wallet_voucher_key
WHERE programme_id = %(programme_id)s ORDER BY number;

-- name: retire_key
-- in: programme_id, now. Writes wallet_voucher_key.
UPDATE wallet_voucher_key SET retired_at = %(now)s WHERE programme_id = %(programme_id)s AND retired_at IS NULL;

-- name: insert_key
-- in: the row; its number follows the last one's. Two at once: the one that comes second writes nothing.
INSERT INTO wallet_voucher_key (id, programme_id, number, public_key, sealed_key, created_at)
SELECT %(id)s, %(programme_id)s, coalesce(max(number), 0) + 1, %(public_key)s, %(sealed_key)s, %(now)s
FROM wallet_voucher_key WHERE programme_id = %(programme_id)s
ON CONFLICT DO NOTHING;

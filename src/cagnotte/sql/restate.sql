-- Restate: purchases that stand already are confirmed, declined, opened again or amended. After the locks of ingest.

-- name: lock_by_id
-- in: ids. out: what stands. Index: primary key. Locks purchases by key (two sources may know two orders by the same
-- one), first in the lock order.
SELECT native_id, id, wallet_id, bucket, member_id, merchant_id, order_ref, occurred_on, currency, validation, reason,
       version, content_hash, reported_at, file_id, confirmed_on, release_on, answer_by, event_on
FROM purchases_purchase WHERE id = ANY(%(ids)s)
ORDER BY native_id, id
FOR NO KEY UPDATE;

-- name: rewards
-- in: ids, whole. out: the reward of each purchase with its decision: whole where it will be made again, else its
-- outline. Index: primary keys. Guarded by the purchases' locks.
SELECT r.purchase_id, r.amount_minor, r.released_minor, r.kept_minor,
       CASE WHEN r.purchase_id = ANY(%(whole)s::uuid[]) THEN d.decision
            ELSE d.decision - ARRAY['lines', 'awards', 'misses'] END::text,
       CASE WHEN r.purchase_id = ANY(%(whole)s::uuid[]) THEN d.frozen ELSE '{"counters": []}' END::text, d.rules_at,
       r.vouchered_minor
FROM rewards_reward AS r JOIN rewards_decision AS d ON d.id = r.decision_id
WHERE r.purchase_id = ANY(%(ids)s);

-- name: parts
-- in: ids. out: the parts as booked, in order. Index: reward_part_unique. Guarded by the purchases' locks.
SELECT purchase_id, position, funder_kind, funder_id, commission_minor, reward_minor, share_minor, margin_minor
FROM rewards_rewardpart WHERE purchase_id = ANY(%(ids)s) ORDER BY purchase_id, position;

-- name: latest_facts
-- in: ids. out: the facts of the latest version that carries some. Index: purchase_version_unique. No locks.
SELECT DISTINCT ON (purchase_id) purchase_id, facts::text
FROM purchases_purchaseversion
WHERE purchase_id = ANY(%(ids)s) AND facts IS NOT NULL
ORDER BY purchase_id, number DESC;

-- name: lots
-- in: wallet_ids, purchase_ids. out: open lots of the wallets, and all lots these purchases earned.
-- Index: lot_open, lot_purchase. Locks the lots by id, after the wallets.
SELECT id, wallet_id, purchase_id, remaining_minor, expired_minor, expires_on, available_on, breakage_account
FROM rewards_lot
WHERE (wallet_id = ANY(%(wallet_ids)s) AND remaining_minor > 0) OR purchase_id = ANY(%(purchase_ids)s)
ORDER BY id
FOR NO KEY UPDATE;

-- name: update_purchases
-- in: one array per column. Writes purchases_purchase by primary key; its rows are locked.
UPDATE purchases_purchase AS p
SET validation = n.validation, reason = n.reason, version = n.version,
    amount_minor = coalesce(n.amount_minor, p.amount_minor),
    content_hash = coalesce(n.content_hash, p.content_hash), reported_at = coalesce(n.reported_at, p.reported_at),
    file_id = coalesce(n.file_id, p.file_id), confirmed_on = n.confirmed_on, release_on = n.release_on,
    answer_by = n.answer_by, event_on = n.event_on, occurred_at = coalesce(n.occurred_at, p.occurred_at),
    occurred_on = coalesce(n.occurred_on, p.occurred_on)
FROM unnest(%(ids)s::uuid[], %(validations)s::text[], %(reasons)s::text[], %(versions)s::integer[],
            %(amounts)s::bigint[], %(hashes)s::bytea[], %(reported)s::timestamptz[], %(files)s::uuid[],
            %(confirmed)s::date[], %(release)s::date[], %(answer)s::date[], %(event)s::date[],
            %(at)s::timestamptz[], %(days)s::date[])
    AS n (id, validation, reason, version, amount_minor, content_hash, reported_at, file_id, confirmed_on, release_on,
          answer_by, event_on, occurred_at, occurred_on)
WHERE p.id = n.id;

-- name: update_rewards
-- in: one array per column. Writes rewards_reward by primary key; null: keeps what it has. The purchases are locked.
UPDATE rewards_reward AS r
SET base_minor = coalesce(n.base_minor, r.base_minor), amount_minor = n.amount_minor,
    released_minor = n.released_minor, kept_minor = n.kept_minor,
    voucher_minor = coalesce(n.voucher_minor, r.voucher_minor),
    decision_id = coalesce(n.decision_id, r.decision_id), vouchered_minor = n.vouchered_minor
FROM unnest(%(ids)s::uuid[], %(bases)s::bigint[], %(amounts)s::bigint[], %(released)s::bigint[],
            %(kept)s::bigint[], %(vouchers)s::bigint[], %(decisions)s::uuid[], %(vouchered)s::bigint[])
    AS n (id, base_minor, amount_minor, released_minor, kept_minor, voucher_minor, decision_id, vouchered_minor)
WHERE r.purchase_id = n.id;

-- name: save_parts
-- in: one array per column. Writes rewards_rewardpart by (purchase, position); what was billed or paid stays.
INSERT INTO rewards_rewardpart AS p (purchase_id, bucket, position, funder_kind, funder_id, contract_id,
    commission_minor, reward_minor, share_minor, margin_minor, billed_minor, paid_minor, written_off_minor)
SELECT n.*, 0, 0, 0
FROM unnest(%(ids)s::uuid[], %(buckets)s::smallint[], %(positions)s::smallint[], %(kinds)s::text[],
            %(funders)s::uuid[], %(contracts)s::uuid[], %(commissions)s::bigint[], %(rewards)s::bigint[],
            %(shares)s::bigint[], %(margins)s::bigint[]) AS n
ORDER BY 1, 3
ON CONFLICT (purchase_id, position)
DO UPDATE SET commission_minor = excluded.commission_minor, reward_minor = excluded.reward_minor,
              share_minor = excluded.share_minor, margin_minor = excluded.margin_minor;

-- name: update_lots
-- in: one array per column. Writes rewards_lot by primary key; its rows are locked.
UPDATE rewards_lot AS l SET remaining_minor = n.remaining_minor, expired_minor = n.expired_minor
FROM unnest(%(ids)s::uuid[], %(remaining)s::bigint[], %(expired)s::bigint[]) AS n (id, remaining_minor, expired_minor)
WHERE l.id = n.id;

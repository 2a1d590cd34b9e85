-- Mature: confirmed rewards whose delay is over become available.

-- name: overdue
-- in: programme_id, on, size. out: purchases whose funder had until the day before to answer.
-- Index: purchase_to_answer. No locks yet.
SELECT id FROM purchases_purchase
WHERE programme_id = %(programme_id)s AND answer_by < %(on)s AND validation = 'pending'
ORDER BY answer_by, id LIMIT %(size)s;

-- name: due
-- in: programme_id, on, after_day, after_id, size. out: purchases to release, in a stable order.
-- Index: purchase_to_release. No locks yet: candidates are locked and looked at again.
SELECT release_on, id FROM purchases_purchase
WHERE programme_id = %(programme_id)s AND release_on <= %(on)s AND (release_on, id) > (%(after_day)s, %(after_id)s)
ORDER BY release_on, id LIMIT %(size)s;

-- name: lock_due
-- in: ids. out: those that are still due. Index: primary key. Locks purchases by key, first in the lock order.
SELECT id FROM purchases_purchase
WHERE id = ANY(%(ids)s) AND validation <> 'pending' AND release_on IS NOT NULL
ORDER BY native_id
FOR NO KEY UPDATE;

-- name: due_rewards
-- in: ids. out: what is to be released of each. Index: primary keys. Guarded by the purchases' locks.
SELECT p.id, p.wallet_id, p.bucket, p.merchant_id, p.currency, p.version, p.blocks,
       r.amount_minor, r.released_minor, r.voucher_minor,
       (d.decision - ARRAY['lines', 'awards', 'misses'])::text
FROM purchases_purchase AS p
JOIN rewards_reward AS r ON r.purchase_id = p.id
JOIN rewards_decision AS d ON d.id = r.decision_id
WHERE p.id = ANY(%(ids)s)
ORDER BY p.native_id;

-- name: settlements
-- in: ids. out: the amounts by which each part's settlement is derived. Index: reward_part_unique.
SELECT purchase_id, funder_kind, funder_id, commission_minor, billed_minor, paid_minor, written_off_minor
FROM rewards_rewardpart WHERE purchase_id = ANY(%(ids)s) AND commission_minor > 0 ORDER BY purchase_id, position;

-- name: released
-- in: ids, amounts, whole. Writes rewards_reward and purchases_purchase by primary key; purchases are locked.
-- A purchase of which something is still to come keeps its date.
WITH n AS (
    SELECT * FROM unnest(%(ids)s::uuid[], %(amounts)s::bigint[], %(whole)s::boolean[]) AS n (id, amount_minor, whole)
), done AS (
    UPDATE purchases_purchase AS p SET release_on = NULL FROM n WHERE p.id = n.id AND n.whole
)
UPDATE rewards_reward AS r SET released_minor = r.released_minor + n.amount_minor FROM n WHERE r.purchase_id = n.id;

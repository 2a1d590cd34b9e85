-- Explain: what stands behind an amount. All reads by primary key or a named index; no locks.

-- name: find
-- in: programme_id, key, order_refs (what may be the order reference in the key). out: the purchases meant, by the
-- order reference alone, merchant/order, or the source's own name. Index: purchase_of_order, purchase_key.
WITH meant AS (
    SELECT id FROM purchases_purchase
    WHERE programme_id = %(programme_id)s AND native_id = %(key)s
        AND source_id IN (SELECT id FROM purchases_source WHERE programme_id = %(programme_id)s)
    UNION
    SELECT p.id FROM purchases_purchase AS p JOIN identity_party AS m ON m.id = p.merchant_id
    WHERE p.programme_id = %(programme_id)s AND p.order_ref = ANY(%(order_refs)s)
        AND %(key)s IN (p.order_ref, m.ref || '/' || p.order_ref)
)
SELECT p.id, m.ref || '/' || p.order_ref
FROM meant JOIN purchases_purchase AS p USING (id) JOIN identity_party AS m ON m.id = p.merchant_id
ORDER BY p.id;

-- name: purchase
-- in: id, programme_id. out: the purchase with its reward. Index: primary keys.
SELECT m.ref, p.validation, p.reason, p.release_on, r.amount_minor, r.released_minor, d.decision::text
FROM purchases_purchase AS p
JOIN rewards_reward AS r ON r.purchase_id = p.id
JOIN rewards_decision AS d ON d.id = r.decision_id
JOIN identity_member AS m ON m.id = p.member_id
WHERE p.id = %(id)s AND p.programme_id = %(programme_id)s;

-- name: attribution
-- in: id. out: what decided whose a purchase is, as the order of a connected source keeps it; nothing for purchases of
-- files. Index: inbox_order_of_purchase.
SELECT attribution::text FROM inbox_order
WHERE purchase_id = %(id)s AND attribution ? 'kind' ORDER BY settled_at DESC LIMIT 1;

-- name: versions
-- in: id. out: what was said of it, oldest first, and by which source; by none where time alone said it. A message is
-- found by its id, which begins with the millisecond it was received in, as 12 hexadecimal digits; one more on either
-- side, since moments are rounded in two ways. Index: purchase_version_unique, primary key of the observations.
SELECT v.number, v.recorded_at, v.event, v.validation, v.reason, coalesce((
    SELECT string_agg(DISTINCT s.ref, ', ' ORDER BY s.ref)
    FROM purchases_observation AS o JOIN purchases_source AS s ON s.id = o.source_id
    WHERE o.id BETWEEN (lpad(to_hex(t.recorded_ms - 1), 12, '0') || repeat('0', 20))::uuid
                   AND (lpad(to_hex(t.recorded_ms + 1), 12, '0') || repeat('f', 20))::uuid
        AND o.purchase_id = v.purchase_id AND o.received_at = v.recorded_at AND o.outcome <> 'unchanged'
), '')
FROM purchases_purchaseversion AS v
CROSS JOIN LATERAL (SELECT floor(extract(EPOCH FROM v.recorded_at) * 1000)::bigint AS recorded_ms) AS t
WHERE v.purchase_id = %(id)s ORDER BY v.number;

-- name: facts
-- in: id. out: what of a purchase causes ledger entries: its versions, releases and vouchers. Index:
-- purchase_version_unique, lot_purchase, voucher_of_purchase, voucher_use_unique, voucher_refund_unique.
SELECT id FROM purchases_purchaseversion WHERE purchase_id = %(id)s
UNION ALL SELECT id FROM rewards_lot WHERE purchase_id = %(id)s
UNION ALL SELECT id FROM wallet_voucher WHERE purchase_id = %(id)s
UNION ALL
SELECT u.id FROM wallet_voucher AS v JOIN wallet_voucher_use AS u ON u.voucher_id = v.id WHERE v.purchase_id = %(id)s
UNION ALL
SELECT r.id FROM wallet_voucher AS v JOIN wallet_voucher_use AS u ON u.voucher_id = v.id
JOIN wallet_voucher_refund AS r ON r.use_id = u.id
WHERE v.purchase_id = %(id)s;

-- name: entries
-- in: id. out: every ledger entry its versions, releases and vouchers caused. Index: ledger_transaction_fact.
WITH facts AS (
    SELECT id FROM purchases_purchaseversion WHERE purchase_id = %(id)s
    UNION ALL SELECT id FROM rewards_lot WHERE purchase_id = %(id)s
    UNION ALL SELECT id FROM wallet_voucher WHERE purchase_id = %(id)s
    UNION ALL
    SELECT u.id FROM wallet_voucher AS v JOIN wallet_voucher_use AS u ON u.voucher_id = v.id
    WHERE v.purchase_id = %(id)s
    UNION ALL
    SELECT r.id FROM wallet_voucher AS v JOIN wallet_voucher_use AS u ON u.voucher_id = v.id
    JOIN wallet_voucher_refund AS r ON r.use_id = u.id
    WHERE v.purchase_id = %(id)s
)
SELECT t.kind, t.effective_on, a.kind, coalesce(party.ref, ''), e.amount_minor
FROM facts
JOIN ledger_transaction AS t ON t.fact_id = facts.id
JOIN ledger_entry AS e ON e.bucket = t.bucket AND e.transaction_id = t.id
JOIN ledger_account AS a ON a.id = e.account_id
LEFT JOIN identity_party AS party ON party.id = a.owner_id
ORDER BY t.recorded_at, t.id, e.leg;

-- name: lots
-- in: id. out: the lots it earned. Index: lot_purchase.
SELECT available_on, expires_on, amount_minor, remaining_minor, expired_minor FROM rewards_lot
WHERE purchase_id = %(id)s ORDER BY available_on, id;

-- name: open_lots
-- in: wallet_id. out: a wallet's lots with something left, first-expiring first. Index: lot_open.
SELECT available_on, expires_on, amount_minor, remaining_minor, expired_minor FROM rewards_lot
WHERE wallet_id = %(wallet_id)s AND remaining_minor > 0 ORDER BY expires_on NULLS LAST, available_on, id;

-- name: member
-- in: programme_id, ref. out: the member's wallet. Index: member_ref_unique.
SELECT wallet_id FROM identity_member WHERE programme_id = %(programme_id)s AND ref = %(ref)s;

-- Questions to purchases.

-- name: ids_of_orders
-- in: programme_id, refs. out: purchases with these order references. Index: purchase_of_order. No locks.
SELECT id, merchant_id, order_ref FROM purchases_purchase
WHERE order_ref = ANY(%(refs)s) AND programme_id = %(programme_id)s
ORDER BY id;

-- name: history
-- in: id. out: the versions of a purchase, oldest first. Index: purchase_version_unique. No locks.
SELECT number, recorded_at, event, validation, reason FROM purchases_purchaseversion
WHERE purchase_id = %(id)s ORDER BY number;

-- name: of_wallet
-- in: wallet_id, since (a day). out: a member's purchases from that day on, oldest first. Index: purchase_of_wallet.
SELECT id, merchant_id, order_ref, occurred_at, validation FROM purchases_purchase
WHERE wallet_id = %(wallet_id)s AND occurred_on >= %(since)s ORDER BY occurred_at, id;

-- name: reporting_delays
-- in: programme_id, since (a day), least. out: merchant_id, days (whole, rounded up) within which nine of ten purchases
-- since then were first recorded, and how many there were; merchants with fewer than least are left out. Reads all
-- purchases of the programme; for the night.
SELECT p.merchant_id,
       greatest(1, ceil(extract(EPOCH FROM
           percentile_disc(0.9) WITHIN GROUP (ORDER BY told.recorded_at - p.occurred_at)) / 86400))::integer,
       count(*)::integer
FROM purchases_purchase AS p
JOIN purchases_purchaseversion AS told ON told.purchase_id = p.id AND told.number = 1
WHERE p.programme_id = %(programme_id)s AND p.occurred_on >= %(since)s
GROUP BY p.merchant_id HAVING count(*) >= %(least)s
ORDER BY p.merchant_id;

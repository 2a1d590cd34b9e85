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

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

-- name: within
-- in: wallet_id, each, and parallel names, merchant_ids, begins, ends. out: name, then PurchaseSeen of the member's first
-- purchases at that shop in that stretch, so many of each; what begins earlier first. A day more on each side: days are
-- the programme's. Index: purchase_of_wallet. No locks.
SELECT reach.name, found.id, found.merchant_id, found.order_ref, found.occurred_at, found.validation
FROM unnest(%(names)s::text[], %(merchant_ids)s::uuid[], %(begins)s::timestamptz[], %(ends)s::timestamptz[])
    AS reach (name, merchant_id, begins, ends)
CROSS JOIN LATERAL (
    SELECT p.id, p.merchant_id, p.order_ref, p.occurred_at, p.validation FROM purchases_purchase AS p
    WHERE p.wallet_id = %(wallet_id)s AND p.merchant_id = reach.merchant_id
        AND p.occurred_on BETWEEN (reach.begins - interval '1 day')::date AND (reach.ends + interval '1 day')::date
        AND p.occurred_at BETWEEN reach.begins AND reach.ends
    ORDER BY p.occurred_on, p.occurred_at, p.id LIMIT %(each)s
) AS found
ORDER BY reach.begins, found.occurred_at, found.id;

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

-- name: seen
-- in: programme_id, ids. out: PurchaseShown of these purchases. Index: primary keys. No locks.
SELECT p.id, s.ref, m.ref, p.order_ref, p.member_id, b.ref, p.wallet_id, p.occurred_at, p.currency, p.amount_minor,
       p.validation, p.reason, p.version, p.confirmed_on, p.release_on, p.attributed_by, r.amount_minor,
       r.released_minor
FROM purchases_purchase AS p
JOIN purchases_source AS s ON s.id = p.source_id
JOIN identity_party AS m ON m.id = p.merchant_id
JOIN identity_member AS b ON b.id = p.member_id
JOIN rewards_reward AS r ON r.purchase_id = p.id
WHERE p.id = ANY(%(ids)s) AND p.programme_id = %(programme_id)s;

-- name: page
-- in: programme_id, before (an id, or null), count, and filters, each null for none: wallet_id, merchant, validation,
-- since, until (days of purchase), order_ref. out: ids, newest first. Index: primary key backwards; purchase_of_wallet,
-- purchase_of_order where they narrow. No locks.
SELECT p.id FROM purchases_purchase AS p
WHERE p.programme_id = %(programme_id)s
    AND (%(before)s::uuid IS NULL OR p.id < %(before)s::uuid)
    AND (%(wallet_id)s::uuid IS NULL OR p.wallet_id = %(wallet_id)s::uuid)
    AND (%(order_ref)s::text IS NULL OR p.order_ref = %(order_ref)s::text)
    AND (%(validation)s::text IS NULL OR p.validation = %(validation)s::text)
    AND (%(since)s::date IS NULL OR p.occurred_on >= %(since)s::date)
    AND (%(until)s::date IS NULL OR p.occurred_on <= %(until)s::date)
    AND (%(merchant)s::text IS NULL OR p.merchant_id = (
        SELECT id FROM identity_party
        WHERE programme_id = %(programme_id)s AND kind = 'merchant' AND ref = %(merchant)s::text
    ))
ORDER BY p.id DESC LIMIT %(count)s;

-- name: standing_orders
-- in: programme_id, refs. out: whose word stands for orders with these references: merchant, reference, id, source,
-- content hash. Index: purchase_of_order. No locks.
SELECT m.ref, p.order_ref, p.id, s.ref, p.content_hash FROM purchases_purchase AS p
JOIN identity_party AS m ON m.id = p.merchant_id
JOIN purchases_source AS s ON s.id = p.source_id
WHERE p.order_ref = ANY(%(refs)s) AND p.programme_id = %(programme_id)s
ORDER BY p.id;

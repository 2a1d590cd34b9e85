-- What a programme's purchases took, for the page that explains it to visitors.

-- name: measured_delays
-- in: programme_id; first, last: days on which they were bought.
-- out: one row for the programme, whose merchant is null, and one for each merchant: purchases; days until known, confirmed and available, each (half, nine in ten), null where more of
-- them are still open than that; how many were confirmed and how many declined. What is still open counts as longer
-- than everything else, so that a figure is never too good for leaving out who waits.
-- Reads purchases_purchase by programme (a whole scan of its days), then by purchase_version_unique, lot_purchase and
-- rewards_reward_pkey. Locks: none.
WITH bought AS (
    SELECT
        purchase.merchant_id,
        purchase.validation,
        purchase.confirmed_on - purchase.occurred_on AS confirmed_days,
        greatest(0, ceil(extract(EPOCH FROM first_told.recorded_at - purchase.occurred_at) / 86400))::integer AS known_days,
        (SELECT min(lot.available_on) FROM rewards_lot AS lot WHERE lot.purchase_id = purchase.id)
            - purchase.occurred_on AS available_days,
        coalesce(reward.amount_minor, 0) > 0 AS earned
    FROM purchases_purchase AS purchase
    INNER JOIN purchases_purchaseversion AS first_told
        ON first_told.purchase_id = purchase.id AND first_told.number = 1
    LEFT JOIN rewards_reward AS reward ON reward.purchase_id = purchase.id
    WHERE purchase.programme_id = %(programme_id)s
        AND purchase.occurred_on BETWEEN %(first)s AND %(last)s
), measured AS (
    SELECT
        merchant_id,
        count(*) AS purchases,
        percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY known_days) AS known,
        percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY coalesce(confirmed_days, 99999))
            FILTER (WHERE validation <> 'declined') AS confirmed,
        percentile_disc(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY coalesce(available_days, 99999))
            FILTER (WHERE validation <> 'declined' AND earned) AS available,
        count(*) FILTER (WHERE validation = 'confirmed') AS were_confirmed,
        count(*) FILTER (WHERE validation = 'declined') AS were_declined
    FROM bought
    GROUP BY GROUPING SETS ((), (merchant_id))
)
SELECT merchant_id, purchases, known[1], known[2], nullif(confirmed[1], 99999), nullif(confirmed[2], 99999),
    nullif(available[1], 99999), nullif(available[2], 99999), were_confirmed, were_declined
FROM measured;

-- World: the figures that the demo prints at its end. Reads of whole tables, in one statement each; no locks.

-- name: months
-- in: programme_id. out: a row per month of purchase: numbers and amounts as they stand now.
SELECT
    to_char(p.occurred_on, 'YYYY-MM') AS month,
    count(*) AS purchases,
    count(*) FILTER (WHERE p.validation = 'confirmed') AS confirmed,
    count(*) FILTER (WHERE p.validation = 'declined') AS declined,
    count(*) FILTER (WHERE p.validation = 'pending') AS pending,
    sum(p.amount_minor)::bigint AS sales_minor,
    sum(r.amount_minor)::bigint AS reward_minor,
    sum(r.released_minor)::bigint AS released_minor
FROM purchases_purchase AS p
JOIN rewards_reward AS r ON r.purchase_id = p.id
WHERE p.programme_id = %(programme_id)s
GROUP BY 1 ORDER BY 1;

-- name: lines
-- in: programme_id. out: the number of lines of all purchases, as they first came.
SELECT coalesce(sum(jsonb_array_length(v.facts -> 'lines')), 0)::bigint
FROM purchases_purchase AS p
JOIN purchases_purchaseversion AS v ON v.purchase_id = p.id AND v.number = 1
WHERE p.programme_id = %(programme_id)s;

-- name: funders
-- in: programme_id. out: a row per funder: what it owes and how that is shared, over purchases not declined.
SELECT
    part.funder_kind,
    coalesce(party.name, '') AS name,
    count(DISTINCT part.purchase_id) AS purchases,
    sum(part.commission_minor)::bigint AS commission_minor,
    sum(part.reward_minor)::bigint AS reward_minor,
    sum(part.share_minor)::bigint AS share_minor,
    sum(part.margin_minor)::bigint AS margin_minor
FROM purchases_purchase AS p
JOIN rewards_rewardpart AS part ON part.purchase_id = p.id
LEFT JOIN identity_party AS party ON party.id = part.funder_id
WHERE p.programme_id = %(programme_id)s AND p.validation <> 'declined'
GROUP BY part.funder_kind, part.funder_id, party.name
ORDER BY commission_minor DESC, name;

-- name: offers
-- in: programme_id. out: a row per offer: in how many purchases it gave something, and how much.
WITH given AS (
    SELECT award ->> 0 AS ref, count(*) AS purchases, sum((award ->> 6)::bigint)::bigint AS amount_minor
    FROM purchases_purchase AS p
    JOIN rewards_reward AS r ON r.purchase_id = p.id
    JOIN rewards_decision AS d ON d.id = r.decision_id
    CROSS JOIN LATERAL jsonb_array_elements(d.decision -> 'awards') AS award
    WHERE p.programme_id = %(programme_id)s AND p.validation <> 'declined'
    GROUP BY 1
), named AS (
    SELECT DISTINCT ON (ref) ref, definition ->> 'name' AS name
    FROM catalog_offer WHERE programme_id = %(programme_id)s
    ORDER BY ref, version DESC
)
SELECT given.ref, coalesce(named.name, given.ref) AS name, given.purchases, given.amount_minor
FROM given LEFT JOIN named USING (ref)
ORDER BY given.amount_minor DESC, given.ref;

-- name: telling_purchase
-- in: programme_id. out: the order whose explanation shows most: several offers and funders, few lines.
SELECT p.order_ref
FROM purchases_purchase AS p
JOIN rewards_reward AS r ON r.purchase_id = p.id
JOIN rewards_decision AS d ON d.id = r.decision_id
WHERE p.programme_id = %(programme_id)s
    AND p.validation = 'confirmed' AND r.released_minor > 0
    AND jsonb_array_length(d.decision -> 'lines') BETWEEN 4 AND 9
ORDER BY
    p.version > 2 DESC,
    jsonb_array_length(d.decision -> 'awards') + jsonb_array_length(d.decision -> 'parts') DESC,
    jsonb_array_length(d.decision -> 'lines'),
    p.order_ref
LIMIT 1;

-- name: payout_files
-- in: programme_id. out: the bank files made, oldest first.
SELECT file_path, count, total_minor, execution_on
FROM payouts_payoutbatch
WHERE programme_id = %(programme_id)s AND sent_at IS NOT NULL
ORDER BY created_at, message_id;

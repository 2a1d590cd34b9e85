-- Statements: what moved in one wallet over a time, from the ledger's own entries. Every query names the wallet's accounts. No
-- locks.

-- name: statement
-- in: account_ids with their states (those of one wallet), low (an id no transaction since `since` is below), since, until.
-- out, of one moment: what each account holds now ('now'), what moved on it from `until` on ('after'), and its legs between
-- the two moments ('in': transaction, kind, fact, moment), debit positive. Index: ledger_entry_movement from `low` on,
-- transactions and balances by key.
WITH wanted AS (
    SELECT account_id, state FROM unnest(%(account_ids)s::uuid[], %(states)s::text[]) AS w (account_id, state)
), moved AS MATERIALIZED (
    SELECT t.id, t.kind, t.fact_id, t.recorded_at, w.state, e.amount_minor
    FROM wanted AS w
    CROSS JOIN LATERAL (
        SELECT bucket, transaction_id, amount_minor FROM ledger_entry
        WHERE row_mode AND account_id = w.account_id AND transaction_id >= %(low)s OFFSET 0
    ) AS e
    CROSS JOIN LATERAL (
        SELECT id, kind, fact_id, recorded_at FROM ledger_transaction
        WHERE bucket = e.bucket AND id = e.transaction_id LIMIT 1
    ) AS t
    WHERE t.recorded_at >= %(since)s
)
SELECT 'now', NULL::uuid, '', NULL::uuid, NULL::timestamptz, w.state, b.sign * b.amount_minor
FROM wanted AS w JOIN ledger_balance AS b ON b.account_id = w.account_id
UNION ALL
SELECT 'after', NULL, '', NULL, NULL, state, sum(amount_minor)::bigint FROM moved
WHERE recorded_at >= %(until)s GROUP BY state
UNION ALL
SELECT 'in', id, kind, fact_id, recorded_at, state, amount_minor FROM moved WHERE recorded_at < %(until)s;

-- name: months
-- in: account_ids (those of one wallet), low, since as `statement`, zone. out: per month of recording there, and in a row without a
-- month for now: what came (now: what the wallet has in all), what went, and how many movements did it.
-- Index: as `statement`.
WITH moved AS MATERIALIZED (
    SELECT
        t.id, date_trunc('month', t.recorded_at AT TIME ZONE %(zone)s::text)::date AS in_month,
        -sum(e.amount_minor) AS total_minor
    FROM unnest(%(account_ids)s::uuid[]) AS w (account_id)
    CROSS JOIN LATERAL (
        SELECT bucket, transaction_id, amount_minor FROM ledger_entry
        WHERE row_mode AND account_id = w.account_id AND transaction_id >= %(low)s OFFSET 0
    ) AS e
    CROSS JOIN LATERAL (
        SELECT id, recorded_at FROM ledger_transaction WHERE bucket = e.bucket AND id = e.transaction_id LIMIT 1
    ) AS t
    WHERE t.recorded_at >= %(since)s
    GROUP BY 1, 2
)
SELECT
    NULL::date,
    coalesce(-sum(b.sign * b.amount_minor), 0)::bigint, 0::bigint, 0::bigint
FROM ledger_balance AS b WHERE b.account_id = ANY(%(account_ids)s)
UNION ALL
SELECT
    in_month, coalesce(sum(total_minor) FILTER (WHERE total_minor > 0), 0)::bigint,
    coalesce(sum(total_minor) FILTER (WHERE total_minor < 0), 0)::bigint, count(*)
FROM moved GROUP BY in_month;

-- name: first_movement
-- in: account_ids. out: the moment of a wallet's first movement, null without any. Index: ledger_entry_movement.
SELECT min(t.recorded_at) FROM unnest(%(account_ids)s::uuid[]) AS w (account_id)
CROSS JOIN LATERAL (
    SELECT bucket, transaction_id FROM ledger_entry
    WHERE row_mode AND account_id = w.account_id ORDER BY transaction_id LIMIT 1
) AS e
CROSS JOIN LATERAL (
    SELECT recorded_at FROM ledger_transaction WHERE bucket = e.bucket AND id = e.transaction_id LIMIT 1
) AS t;

-- name: bonuses
-- in: ids of versions of the wallet's purchases. out: (version, what brands and the programme give of the reward as it stood
-- after it, and before it). Index: primary keys, purchase_version_unique.
SELECT v.id, coalesce(standing.bonus_minor, 0), coalesce(earlier.bonus_minor, 0)
FROM purchases_purchaseversion AS v
LEFT JOIN purchases_purchaseversion AS b ON b.purchase_id = v.purchase_id AND b.number = v.number - 1
LEFT JOIN LATERAL (
    SELECT (
        SELECT sum((part ->> 4)::bigint)::bigint FROM jsonb_array_elements(d.decision -> 'parts') AS p (part)
        WHERE part ->> 0 IN ('brand', 'programme')
    ) AS bonus_minor
    FROM purchases_purchaseversion AS f JOIN rewards_decision AS d ON d.id = f.id
    WHERE f.purchase_id = v.purchase_id AND f.number <= v.number AND v.validation <> 'declined'
    ORDER BY f.number DESC LIMIT 1
) AS standing ON true
LEFT JOIN LATERAL (
    SELECT (
        SELECT sum((part ->> 4)::bigint)::bigint FROM jsonb_array_elements(d.decision -> 'parts') AS p (part)
        WHERE part ->> 0 IN ('brand', 'programme')
    ) AS bonus_minor
    FROM purchases_purchaseversion AS f JOIN rewards_decision AS d ON d.id = f.id
    WHERE f.purchase_id = v.purchase_id AND f.number < v.number AND b.validation <> 'declined'
    ORDER BY f.number DESC LIMIT 1
) AS earlier ON true
WHERE v.id = ANY(%(ids)s);

-- Watching: what a member sees of one wallet. Every query names the wallet, so that nothing of another's is ever read. No
-- locks.
--
-- The state of a purchase is the same CASE wherever it stands: what waits for the shop is pending; what was refused and
-- earns nothing is declined; what is confirmed and not yet released is confirmed; what earns nothing is nothing; the rest
-- was released, and its lots say what became of it.

-- name: standing
-- in: wallet_id, programme_id, today, until. out: what payouts brought to the member's bank; the first day from today on
-- when confirmed money is released, with what is released then; and the days up to `until` when money expires, each with
-- its amount. Index: payout_wallet, purchase_of_wallet (all of the wallet's, only where `waiting`), lot_open.
SELECT
    (
        SELECT coalesce(sum(amount_minor - fee_minor), 0)::bigint FROM payouts_payout
        WHERE wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s AND state IN ('sent', 'settled')
    ),
    (
        SELECT jsonb_build_array(due.release_on, due.amount_minor)::text FROM (
            SELECT p.release_on, sum(r.amount_minor - r.released_minor) AS amount_minor
            FROM purchases_purchase AS p JOIN rewards_reward AS r ON r.purchase_id = p.id
            WHERE %(waiting)s AND p.wallet_id = %(wallet_id)s AND p.programme_id = %(programme_id)s
                AND p.release_on >= %(today)s AND p.validation <> 'pending' AND p.blocks = '{}'
                AND r.amount_minor > r.released_minor
            GROUP BY p.release_on ORDER BY p.release_on LIMIT 1
        ) AS due
    ),
    (
        SELECT coalesce(
            jsonb_agg(jsonb_build_array(going.expires_on, going.amount_minor) ORDER BY going.expires_on), '[]'
        )::text
        FROM (
            SELECT expires_on, sum(remaining_minor) AS amount_minor FROM rewards_lot
            WHERE wallet_id = %(wallet_id)s AND remaining_minor > 0 AND expires_on BETWEEN %(today)s AND %(until)s
            GROUP BY expires_on ORDER BY expires_on LIMIT 12
        ) AS going
    );

-- name: place
-- in: wallet_id, programme_id, id. out: where a purchase stands in the list: its day and its id.
SELECT occurred_on, id FROM purchases_purchase
WHERE id = %(id)s AND wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s;

-- name: older
-- in: wallet_id, programme_id; state, merchant_id, first, last (null for none); before_on, before_id (null from the newest);
-- count. out: ids, newest first. Index: purchase_of_wallet backwards, then rewards by key where a state is asked for.
SELECT p.id
FROM purchases_purchase AS p
JOIN rewards_reward AS r ON r.purchase_id = p.id
WHERE p.wallet_id = %(wallet_id)s AND p.programme_id = %(programme_id)s
    AND (%(merchant_id)s::uuid IS NULL OR p.merchant_id = %(merchant_id)s::uuid)
    AND p.occurred_on BETWEEN coalesce(%(first)s::date, '-infinity') AND coalesce(%(last)s::date, 'infinity')
    AND p.occurred_on <= coalesce(%(before_on)s::date, 'infinity')
    AND (%(before_id)s::uuid IS NULL OR (p.occurred_on, p.id) < (%(before_on)s::date, %(before_id)s::uuid))
    AND (%(state)s::text IS NULL OR %(state)s::text = CASE
        WHEN p.validation = 'pending' THEN 'pending'
        WHEN p.validation = 'declined' AND r.amount_minor = 0 THEN 'declined'
        WHEN r.amount_minor > r.released_minor THEN 'confirmed'
        WHEN r.amount_minor = 0 THEN 'nothing'
        ELSE 'released' END)
ORDER BY p.occurred_on DESC, p.id DESC LIMIT %(count)s;

-- name: newer
-- in: as `older`, with the place after which to begin. out: ids, oldest first. Index: as `older`, forwards.
SELECT p.id
FROM purchases_purchase AS p
JOIN rewards_reward AS r ON r.purchase_id = p.id
WHERE p.wallet_id = %(wallet_id)s AND p.programme_id = %(programme_id)s
    AND (%(merchant_id)s::uuid IS NULL OR p.merchant_id = %(merchant_id)s::uuid)
    AND p.occurred_on BETWEEN coalesce(%(first)s::date, '-infinity') AND coalesce(%(last)s::date, 'infinity')
    AND p.occurred_on >= %(before_on)s::date
    AND (p.occurred_on, p.id) > (%(before_on)s::date, %(before_id)s::uuid)
    AND (%(state)s::text IS NULL OR %(state)s::text = CASE
        WHEN p.validation = 'pending' THEN 'pending'
        WHEN p.validation = 'declined' AND r.amount_minor = 0 THEN 'declined'
        WHEN r.amount_minor > r.released_minor THEN 'confirmed'
        WHEN r.amount_minor = 0 THEN 'nothing'
        ELSE 'released' END)
ORDER BY p.occurred_on, p.id LIMIT %(count)s;

-- name: rows
-- in: wallet_id, programme_id, ids. out: Row of these purchases, with what was decided first where that was changed since,
-- what its offers give, and what became of its lots. Index: primary keys, purchase_version_unique, lot_purchase,
-- hold_allocation_lot.
SELECT
    p.id, m.ref, coalesce(nullif(m.name, ''), m.ref), p.order_ref, p.occurred_at, p.occurred_on, p.currency,
    p.amount_minor, p.validation, p.reason, p.version, p.confirmed_on, p.release_on, p.answer_by, p.blocks,
    r.currency, r.base_minor, r.amount_minor, r.released_minor, r.voucher_minor,
    CASE WHEN p.version > 1 THEN (
        SELECT (first_made.decision ->> 'reward')::bigint
        FROM purchases_purchaseversion AS v JOIN rewards_decision AS first_made ON first_made.id = v.id
        WHERE v.purchase_id = p.id AND v.number = 1
    ) END,
    (d.decision -> 'awards')::text,
    fate.remaining_minor, fate.held_minor, fate.paid_minor, fate.spent_minor, fate.expired_minor, fate.expires_on,
    fate.used_on
FROM purchases_purchase AS p
JOIN identity_party AS m ON m.id = p.merchant_id
JOIN rewards_reward AS r ON r.purchase_id = p.id
JOIN rewards_decision AS d ON d.id = r.decision_id
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(l.remaining_minor), 0)::bigint AS remaining_minor,
        coalesce(sum(l.expired_minor), 0)::bigint AS expired_minor,
        min(l.expires_on) FILTER (WHERE l.remaining_minor > 0) AS expires_on,
        coalesce(sum(used.held_minor), 0)::bigint AS held_minor,
        coalesce(sum(used.paid_minor), 0)::bigint AS paid_minor,
        coalesce(sum(used.spent_minor), 0)::bigint AS spent_minor,
        max(used.used_at) AS used_on
    FROM rewards_lot AS l
    CROSS JOIN LATERAL (
        SELECT
            sum(a.amount_minor) FILTER (WHERE h.state = 'open') AS held_minor,
            sum(a.captured_minor - a.returned_minor) FILTER (WHERE h.purpose = 'payout') AS paid_minor,
            sum(a.captured_minor - a.returned_minor) FILTER (WHERE h.purpose <> 'payout') AS spent_minor,
            max(h.resolved_at) FILTER (WHERE a.captured_minor > a.returned_minor) AS used_at
        FROM wallet_hold_allocation AS a JOIN wallet_hold AS h ON h.id = a.hold_id
        WHERE a.lot_id = l.id
    ) AS used
    WHERE l.purchase_id = p.id
) AS fate
WHERE p.id = ANY(%(ids)s) AND p.wallet_id = %(wallet_id)s AND p.programme_id = %(programme_id)s;

-- name: totals
-- in: wallet_id, programme_id; merchant_id, first, last (null for none), which narrow the states alone. out: (kind, key, name,
-- purchases, reward, still to be released): one row per state among those asked for; one per shop and one per year
-- of all. Reads all purchases of the wallet once, by purchase_of_wallet, and their rewards by key.
WITH seen AS MATERIALIZED (
    SELECT
        p.merchant_id, extract(YEAR FROM p.occurred_on)::integer AS bought_in, r.amount_minor, r.released_minor,
        (%(merchant_id)s::uuid IS NULL OR p.merchant_id = %(merchant_id)s::uuid)
        AND p.occurred_on BETWEEN coalesce(%(first)s::date, '-infinity')
            AND coalesce(%(last)s::date, 'infinity') AS is_asked,
        CASE
            WHEN p.validation = 'pending' THEN 'pending'
            WHEN p.validation = 'declined' AND r.amount_minor = 0 THEN 'declined'
            WHEN r.amount_minor > r.released_minor THEN 'confirmed'
            WHEN r.amount_minor = 0 THEN 'nothing'
            ELSE 'released' END AS state
    FROM purchases_purchase AS p
    JOIN rewards_reward AS r ON r.purchase_id = p.id
    WHERE p.wallet_id = %(wallet_id)s AND p.programme_id = %(programme_id)s
)
SELECT 'state', state, '', count(*), sum(amount_minor)::bigint, sum(amount_minor - released_minor)::bigint
FROM seen WHERE is_asked GROUP BY state
UNION ALL
SELECT 'shop', m.ref, coalesce(nullif(m.name, ''), m.ref), s.purchases, 0, 0
FROM (SELECT merchant_id, count(*) AS purchases FROM seen GROUP BY merchant_id) AS s
JOIN identity_party AS m ON m.id = s.merchant_id
UNION ALL
SELECT 'year', bought_in::text, '', count(*), 0, 0 FROM seen GROUP BY bought_in;

-- name: shop
-- in: programme_id, ref. out: the shop's id. Index: party_ref_unique.
SELECT id FROM identity_party WHERE programme_id = %(programme_id)s AND kind = 'merchant' AND ref = %(ref)s;

-- name: by_month
-- in: wallet_id, programme_id, first (a day). out: (first day of the month, what its purchases earn that is sure, what of it
-- waits for the shop). Index: purchase_of_wallet from that day on, rewards by key.
SELECT
    date_trunc('month', p.occurred_on)::date,
    coalesce(sum(r.amount_minor) FILTER (WHERE p.validation <> 'pending'), 0)::bigint,
    coalesce(sum(r.amount_minor) FILTER (WHERE p.validation = 'pending'), 0)::bigint
FROM purchases_purchase AS p JOIN rewards_reward AS r ON r.purchase_id = p.id
WHERE p.wallet_id = %(wallet_id)s AND p.programme_id = %(programme_id)s AND p.occurred_on >= %(first)s
GROUP BY 1 ORDER BY 1;

-- name: open_lots
-- in: wallet_id, currency, count. out: the wallet's lots with something left, first-expiring
-- first: id, amount, remaining, days, origin, and the purchase it is of, if any. Index: lot_open, primary keys.
SELECT
    l.id, l.amount_minor, l.remaining_minor, l.available_on, l.expires_on, l.origin, l.purchase_id,
    coalesce(nullif(m.name, ''), m.ref)
FROM rewards_lot AS l
LEFT JOIN purchases_purchase AS p ON p.id = l.purchase_id AND p.wallet_id = l.wallet_id
LEFT JOIN identity_party AS m ON m.id = p.merchant_id
WHERE l.wallet_id = %(wallet_id)s AND l.remaining_minor > 0 AND l.currency = %(currency)s
ORDER BY l.expires_on NULLS LAST, l.available_on, l.id LIMIT %(count)s;

-- name: open_holds
-- in: wallet_id, currency. out: what is reserved now: purpose, amount, since, until, shop. Index: hold_open.
SELECT h.purpose, h.amount_minor, h.created_at, h.expires_at, coalesce(nullif(m.name, ''), m.ref)
FROM wallet_hold AS h LEFT JOIN identity_party AS m ON m.id = h.merchant_id
WHERE h.wallet_id = %(wallet_id)s AND h.state = 'open' AND h.currency = %(currency)s
ORDER BY h.created_at, h.id;

-- name: lots_of
-- in: wallet_id, purchase_id. out: the lots a purchase became: id, amount, remaining, expired, available and last day; and
-- what left each, oldest first, as [purpose, hold's state, amount, of it used, of that given back, moment, shop, payout's
-- id, payout's state]. Index: lot_purchase, hold_allocation_lot, primary keys.
SELECT l.id, l.amount_minor, l.remaining_minor, l.expired_minor, l.available_on, l.expires_on, coalesce((
    SELECT jsonb_agg(jsonb_build_array(
        h.purpose, h.state, a.amount_minor, a.captured_minor, a.returned_minor, coalesce(h.resolved_at, h.created_at),
        coalesce(nullif(m.name, ''), m.ref), o.id, o.state
    ) ORDER BY h.created_at, h.id)::text
    FROM wallet_hold_allocation AS a
    JOIN wallet_hold AS h ON h.id = a.hold_id
    LEFT JOIN identity_party AS m ON m.id = h.merchant_id
    LEFT JOIN payouts_payout AS o ON o.hold_id = h.id
    WHERE a.lot_id = l.id AND (h.state = 'open' OR a.captured_minor > 0)
), '[]')
FROM rewards_lot AS l
WHERE l.purchase_id = %(purchase_id)s AND l.wallet_id = %(wallet_id)s
ORDER BY l.available_on, l.id;

-- name: vouchers_of
-- in: wallet_id, purchase_id. out: vouchers that a purchase gave: id, end of the code, amount, first and last day.
-- Index: voucher_of_purchase.
SELECT id, last4, amount_minor, valid_from, valid_until FROM wallet_voucher
WHERE purchase_id = %(purchase_id)s AND wallet_id = %(wallet_id)s ORDER BY valid_from, id;

-- name: decided
-- in: purchase_id. out: (version, what was decided for it); versions that changed no fact have no decision of their own.
-- Index: purchase_version_unique, primary key.
SELECT v.number, (d.decision ->> 'reward')::bigint
FROM purchases_purchaseversion AS v JOIN rewards_decision AS d ON d.id = v.id
WHERE v.purchase_id = %(purchase_id)s ORDER BY v.number;

-- name: sources_of
-- in: programme_id, refs. out: (reference, kind, whether it is connected) of the sources that told of a purchase.
-- Index: source_ref_unique, primary key.
SELECT s.ref, s.kind, EXISTS (SELECT FROM inbox_account AS a WHERE a.id = s.id)
FROM purchases_source AS s WHERE s.programme_id = %(programme_id)s AND s.ref = ANY(%(refs)s);

-- name: click_of
-- in: wallet_id, merchant_id, clicked_at. out: the click that a purchase goes back to: its number, and what it promised in
-- words. Index: click_of_wallet.
SELECT c.ref, c.promised FROM tracking_click AS c
JOIN identity_party AS m ON m.id = c.merchant_id
WHERE c.wallet_id = %(wallet_id)s AND m.programme_id = %(programme_id)s AND m.ref = %(merchant)s
    AND c.clicked_at BETWEEN %(clicked_at)s::timestamptz - interval '1 second'
        AND %(clicked_at)s::timestamptz + interval '1 second'
ORDER BY c.clicked_at LIMIT 1;

-- name: causes
-- in: ids of facts. out: (fact, what it is, its object's id, shop, a word more): versions and lots lead to their purchase,
-- holds and their refunds to their payout or shop, steps to their payout, gifts and vouchers to themselves. Index: primary keys.
SELECT v.id, 'purchase', p.id, coalesce(nullif(m.name, ''), m.ref), p.order_ref
FROM purchases_purchaseversion AS v
JOIN purchases_purchase AS p ON p.id = v.purchase_id
JOIN identity_party AS m ON m.id = p.merchant_id
WHERE v.id = ANY(%(ids)s) AND p.wallet_id = %(wallet_id)s
UNION ALL
SELECT l.id, 'lot', p.id, coalesce(nullif(m.name, ''), m.ref), l.origin
FROM rewards_lot AS l
LEFT JOIN purchases_purchase AS p ON p.id = l.purchase_id
LEFT JOIN identity_party AS m ON m.id = p.merchant_id
WHERE l.id = ANY(%(ids)s) AND l.wallet_id = %(wallet_id)s
UNION ALL
SELECT h.id, h.purpose, o.id, coalesce(nullif(m.name, ''), m.ref), ''
FROM wallet_hold AS h
LEFT JOIN identity_party AS m ON m.id = h.merchant_id
LEFT JOIN payouts_payout AS o ON o.hold_id = h.id
WHERE h.id = ANY(%(ids)s) AND h.wallet_id = %(wallet_id)s
UNION ALL
SELECT b.id, 'refund', b.id, coalesce(nullif(m.name, ''), m.ref), ''
FROM wallet_refund AS b
JOIN wallet_capture AS c ON c.id = b.capture_id
JOIN identity_party AS m ON m.id = c.merchant_id
WHERE b.id = ANY(%(ids)s) AND b.wallet_id = %(wallet_id)s
UNION ALL
SELECT s.id, 'payout', o.id, NULL, s.reason
FROM payouts_payoutstep AS s JOIN payouts_payout AS o ON o.id = s.payout_id
WHERE s.id = ANY(%(ids)s) AND o.wallet_id = %(wallet_id)s
UNION ALL
SELECT g.id, 'donation', g.id, c.name, ''
FROM payouts_donation AS g JOIN payouts_charity AS c ON c.id = g.charity_id
WHERE g.id = ANY(%(ids)s) AND g.wallet_id = %(wallet_id)s
UNION ALL
SELECT n.id, 'voucher', n.id, coalesce(nullif(m.name, ''), m.ref), n.last4
FROM wallet_voucher AS n LEFT JOIN identity_party AS m ON m.id = n.merchant_id
WHERE n.id = ANY(%(ids)s) AND n.wallet_id = %(wallet_id)s
UNION ALL
SELECT u.id, 'voucher', u.voucher_id, coalesce(nullif(m.name, ''), m.ref), n.last4
FROM wallet_voucher_use AS u
JOIN wallet_voucher AS n ON n.id = u.voucher_id
JOIN identity_party AS m ON m.id = u.merchant_id
WHERE u.id = ANY(%(ids)s) AND u.wallet_id = %(wallet_id)s
UNION ALL
SELECT b.id, 'voucher', u.voucher_id, coalesce(nullif(m.name, ''), m.ref), n.last4
FROM wallet_voucher_refund AS b
JOIN wallet_voucher_use AS u ON u.id = b.use_id
JOIN wallet_voucher AS n ON n.id = u.voucher_id
JOIN identity_party AS m ON m.id = u.merchant_id
WHERE b.id = ANY(%(ids)s) AND b.wallet_id = %(wallet_id)s;

-- name: networks
-- in: programme_id, refs. out: names of networks. Index: party_ref_unique.
SELECT coalesce(nullif(name, ''), ref) FROM identity_party
WHERE programme_id = %(programme_id)s AND kind = 'network' AND ref = ANY(%(refs)s) ORDER BY ref;

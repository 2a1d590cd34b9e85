-- Checks and hashes that compare the ledger with the contexts above it. Whole tables in one statement each; no locks.

-- name: lots_are_available
-- What is left of a wallet's lots is its available balance.
WITH lots AS (
    SELECT wallet_id, currency, sum(remaining_minor)::bigint AS lots_minor
    FROM rewards_lot GROUP BY wallet_id, currency
), booked AS (
    SELECT a.owner_id AS wallet_id, a.currency, b.amount_minor AS balance_minor
    FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id WHERE a.kind = 'member.available'
), wrong AS MATERIALIZED (
    SELECT wallet_id, currency, coalesce(lots_minor, 0) AS lots_minor, coalesce(balance_minor, 0) AS balance_minor
    FROM lots FULL JOIN booked USING (wallet_id, currency)
    WHERE coalesce(lots_minor, 0) <> coalesce(balance_minor, 0)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY wallet_id LIMIT 20;

-- name: allocations_are_held
-- What open holds reserve of a wallet's lots is its held balance.
WITH allocated AS (
    SELECT h.wallet_id, h.currency, sum(x.amount_minor)::bigint AS allocated_minor
    FROM wallet_hold AS h JOIN wallet_hold_allocation AS x ON x.hold_id = h.id
    WHERE h.state = 'open' GROUP BY h.wallet_id, h.currency
), booked AS (
    SELECT a.owner_id AS wallet_id, a.currency, b.amount_minor AS balance_minor
    FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id WHERE a.kind = 'member.held'
), wrong AS MATERIALIZED (
    SELECT wallet_id, currency, coalesce(allocated_minor, 0) AS allocated_minor,
           coalesce(balance_minor, 0) AS balance_minor
    FROM allocated FULL JOIN booked USING (wallet_id, currency)
    WHERE coalesce(allocated_minor, 0) <> coalesce(balance_minor, 0)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY wallet_id LIMIT 20;

-- name: holds_are_their_allocations
-- What a hold reserved and spent is what it reserved and spent of its lots; what a shop took of it, and what came back,
-- are its capture and its refunds.
WITH reserved AS (
    SELECT hold_id, sum(amount_minor) AS amount_minor, sum(captured_minor) AS captured_minor,
           sum(returned_minor) AS returned_minor
    FROM wallet_hold_allocation GROUP BY hold_id
), refunded AS (
    SELECT capture_id, sum(amount_minor) AS amount_minor FROM wallet_refund GROUP BY capture_id
), wrong AS MATERIALIZED (
    SELECT h.id, h.wallet_id, h.currency, h.amount_minor, coalesce(r.amount_minor, 0)::bigint AS allocated_minor,
           h.captured_minor, coalesce(r.captured_minor, 0)::bigint AS spent_minor
    FROM wallet_hold AS h
    LEFT JOIN reserved AS r ON r.hold_id = h.id
    LEFT JOIN wallet_capture AS c ON c.hold_id = h.id
    LEFT JOIN refunded AS f ON f.capture_id = c.id
    WHERE (h.amount_minor = r.amount_minor AND h.captured_minor = r.captured_minor) IS NOT TRUE
       OR c.amount_minor <> h.captured_minor
       OR c.refunded_minor <> r.returned_minor
       OR c.refunded_minor <> coalesce(f.amount_minor, 0)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY id LIMIT 20;

-- name: vouchers_are_owed
-- What vouchers still hold is what the programme owes on vouchers.
WITH held AS (
    SELECT programme_id, currency,
           sum(amount_minor - used_minor - returned_minor - expired_minor - taken_minor)::bigint AS open_minor
    FROM wallet_voucher GROUP BY programme_id, currency
), booked AS (
    SELECT a.programme_id, a.currency, -sum(e.amount_minor)::bigint AS balance_minor
    FROM ledger_account AS a JOIN ledger_entry AS e ON e.account_id = a.id WHERE a.kind = 'programme.vouchers'
    GROUP BY a.programme_id, a.currency
), wrong AS MATERIALIZED (
    SELECT programme_id, currency, coalesce(open_minor, 0) AS open_minor, coalesce(balance_minor, 0) AS balance_minor
    FROM held FULL JOIN booked USING (programme_id, currency)
    WHERE coalesce(open_minor, 0) <> coalesce(balance_minor, 0)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY programme_id LIMIT 20;

-- name: vouchers_are_their_uses
-- What was used of a voucher is what its uses say less what came back of them; its state says whether something is left.
WITH used AS (
    SELECT u.voucher_id, sum(u.amount_minor - u.refunded_minor) AS used_minor,
           bool_and(u.refunded_minor = coalesce(f.amount_minor, 0)) AS refunds_agree
    FROM wallet_voucher_use AS u
    LEFT JOIN LATERAL (
        SELECT sum(r.amount_minor) AS amount_minor FROM wallet_voucher_refund AS r WHERE r.use_id = u.id
    ) AS f ON true
    WHERE u.kind = 'used' GROUP BY u.voucher_id
), told AS (
    SELECT v.id, v.currency, v.amount_minor, v.used_minor, v.state, coalesce(u.used_minor, 0)::bigint AS told_minor,
           coalesce(u.refunds_agree, true) AS refunds_agree,
           v.amount_minor - v.used_minor - v.returned_minor - v.expired_minor - v.taken_minor AS open_minor
    FROM wallet_voucher AS v LEFT JOIN used AS u ON u.voucher_id = v.id
), wrong AS MATERIALIZED (
    SELECT id, currency, amount_minor, used_minor, told_minor FROM told
    WHERE used_minor <> told_minor OR NOT refunds_agree
       OR (state IN ('issued', 'part_used')) <> (open_minor > 0) OR (state = 'issued' AND used_minor > 0)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY id LIMIT 20;

-- name: captures_are_their_lines
-- What a capture paid, where its order's lines are known, is the sum of its shares; so is each refund told by lines.
WITH shared AS (
    SELECT capture_id, sum(share_minor)::bigint AS shares_minor FROM wallet_capture_line GROUP BY capture_id
), back AS (
    SELECT refund_id, sum(share_minor)::bigint AS shares_minor FROM wallet_refund_line GROUP BY refund_id
), too_much AS (
    SELECT l.capture_id FROM wallet_capture_line AS l
    JOIN wallet_refund_line AS r ON r.capture_id = l.capture_id AND r.line = l.line
    GROUP BY l.capture_id, l.line, l.amount_minor, l.share_minor
    HAVING sum(r.amount_minor) > l.amount_minor OR sum(r.share_minor) > l.share_minor
), wrong AS MATERIALIZED (
    SELECT c.id AS capture_id, c.currency, c.amount_minor, s.shares_minor
    FROM shared AS s JOIN wallet_capture AS c ON c.id = s.capture_id
    WHERE c.amount_minor <> s.shares_minor
       OR c.id IN (SELECT capture_id FROM too_much)
       OR EXISTS (
           SELECT FROM wallet_refund AS f JOIN back AS b ON b.refund_id = f.id
           WHERE f.capture_id = c.id AND f.amount_minor <> b.shares_minor
       )
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY capture_id LIMIT 20;

-- name: owing_excludes_available
-- Nobody owes and holds money at once: what comes in repays first.
WITH wrong AS MATERIALIZED (
    SELECT o.owner_id AS wallet_id, o.currency, ob.amount_minor AS owing_minor, ab.amount_minor AS available_minor
    FROM ledger_account AS o
    JOIN ledger_balance AS ob ON ob.account_id = o.id AND ob.amount_minor > 0
    JOIN ledger_account AS a ON a.owner_id = o.owner_id AND a.currency = o.currency AND a.kind = 'member.available'
    JOIN ledger_balance AS ab ON ab.account_id = a.id AND ab.amount_minor > 0
    WHERE o.kind = 'member.owing'
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY wallet_id LIMIT 20;

-- name: parts_are_rewards
-- A reward is the sum of its parts and of what the member keeps at the programme's loss.
WITH parts AS (
    SELECT purchase_id, sum(reward_minor)::bigint AS parts_minor FROM rewards_rewardpart GROUP BY purchase_id
), wrong AS MATERIALIZED (
    SELECT r.purchase_id, r.currency, r.amount_minor AS reward_minor,
           coalesce(p.parts_minor, 0) + r.kept_minor AS parts_minor
    FROM rewards_reward AS r LEFT JOIN parts AS p USING (purchase_id)
    WHERE r.amount_minor <> coalesce(p.parts_minor, 0) + r.kept_minor OR r.released_minor > r.amount_minor
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY purchase_id LIMIT 20;

-- name: pending_is_booked
-- What parts of pending purchases say is expected from and for everybody is what the ledger says.
WITH part AS (
    SELECT r.programme_id, r.merchant_id, r.currency, x.funder_kind, x.funder_id, x.commission_minor, x.share_minor,
           x.margin_minor
    FROM rewards_rewardpart AS x
    JOIN rewards_reward AS r USING (purchase_id)
    JOIN purchases_purchase AS p ON p.id = x.purchase_id AND p.validation = 'pending'
), expected AS (
    SELECT 'funder.accrued' AS kind, funder_id AS owner_id, currency, commission_minor AS minor
    FROM part WHERE funder_kind <> 'programme'
    UNION ALL
    SELECT 'programme.promotions_pending', programme_id, currency, commission_minor FROM part
    WHERE funder_kind = 'programme'
    UNION ALL SELECT 'merchant.share_pending', merchant_id, currency, -share_minor FROM part
    UNION ALL SELECT 'programme.margin_pending', programme_id, currency, -margin_minor FROM part
), expected_sums AS (
    SELECT kind, owner_id, currency, sum(minor)::bigint AS expected_minor FROM expected
    GROUP BY kind, owner_id, currency
), booked AS (
    SELECT a.kind, a.owner_id, a.currency, sum(e.amount_minor)::bigint AS booked_minor
    FROM ledger_account AS a JOIN ledger_entry AS e ON e.account_id = a.id
    WHERE a.kind IN ('funder.accrued', 'programme.promotions_pending', 'merchant.share_pending',
                     'programme.margin_pending')
    GROUP BY a.kind, a.owner_id, a.currency
), wrong AS MATERIALIZED (
    SELECT kind, owner_id, currency, coalesce(expected_minor, 0) AS expected_minor,
           coalesce(booked_minor, 0) AS booked_minor
    FROM expected_sums FULL JOIN booked USING (kind, owner_id, currency)
    WHERE coalesce(expected_minor, 0) <> coalesce(booked_minor, 0)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY kind, owner_id LIMIT 20;

-- name: rewards_are_booked
-- What rewards say a member has pending and confirmed is what the ledger says.
WITH rewarded AS (
    SELECT r.wallet_id, r.currency,
           coalesce(sum(r.amount_minor - r.released_minor) FILTER (WHERE p.validation = 'pending'), 0)::bigint AS pending,
           coalesce(sum(r.amount_minor - r.released_minor) FILTER (WHERE p.validation <> 'pending'), 0)::bigint AS confirmed
    FROM rewards_reward AS r JOIN purchases_purchase AS p ON p.id = r.purchase_id
    GROUP BY r.wallet_id, r.currency
), opened AS (
    SELECT e.book_id AS wallet_id, a.currency,
           coalesce(-sum(e.amount_minor) FILTER (WHERE a.kind = 'member.pending'), 0)::bigint AS pending,
           coalesce(-sum(e.amount_minor) FILTER (WHERE a.kind = 'member.confirmed'), 0)::bigint AS confirmed
    FROM ledger_transaction AS t
    JOIN ledger_entry AS e ON e.bucket = t.bucket AND e.transaction_id = t.id
    JOIN ledger_account AS a ON a.id = e.account_id
    WHERE t.kind = 'opening' GROUP BY e.book_id, a.currency
), booked AS (
    SELECT a.owner_id AS wallet_id, a.currency,
           coalesce(sum(b.amount_minor) FILTER (WHERE a.kind = 'member.pending'), 0)::bigint AS pending,
           coalesce(sum(b.amount_minor) FILTER (WHERE a.kind = 'member.confirmed'), 0)::bigint AS confirmed
    FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id
    WHERE a.kind IN ('member.pending', 'member.confirmed') GROUP BY a.owner_id, a.currency
), wrong AS MATERIALIZED (
    SELECT wallet_id, currency,
           coalesce(rewarded.pending, 0) + coalesce(opened.pending, 0) AS pending_minor,
           coalesce(booked.pending, 0) AS booked_pending_minor,
           coalesce(rewarded.confirmed, 0) + coalesce(opened.confirmed, 0) AS confirmed_minor,
           coalesce(booked.confirmed, 0) AS booked_confirmed_minor
    FROM booked FULL JOIN rewarded USING (wallet_id, currency) FULL JOIN opened USING (wallet_id, currency)
    WHERE coalesce(rewarded.pending, 0) + coalesce(opened.pending, 0) <> coalesce(booked.pending, 0)
       OR coalesce(rewarded.confirmed, 0) + coalesce(opened.confirmed, 0) <> coalesce(booked.confirmed, 0)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY wallet_id LIMIT 20;

-- name: orphans
-- Every purchase has its wallet, its version and its reward; every lot and version has its purchase.
WITH wrong AS MATERIALIZED (
    SELECT 'purchase without wallet' AS what, p.id FROM purchases_purchase AS p
    WHERE NOT EXISTS (SELECT FROM identity_wallet AS w WHERE w.id = p.wallet_id)
    UNION ALL
    SELECT 'purchase without reward', p.id FROM purchases_purchase AS p
    WHERE NOT EXISTS (SELECT FROM rewards_reward AS r WHERE r.purchase_id = p.id)
    UNION ALL
    SELECT 'reward without decision', r.purchase_id FROM rewards_reward AS r
    WHERE NOT EXISTS (SELECT FROM rewards_decision AS d WHERE d.id = r.decision_id AND d.purchase_id = r.purchase_id)
    UNION ALL
    SELECT 'purchase without its version', p.id FROM purchases_purchase AS p
    WHERE NOT EXISTS (
        SELECT FROM purchases_purchaseversion AS v WHERE v.purchase_id = p.id AND v.number = p.version)
    UNION ALL
    SELECT 'lot without purchase', l.id FROM rewards_lot AS l
    WHERE l.purchase_id IS NOT NULL AND NOT EXISTS (SELECT FROM purchases_purchase AS p WHERE p.id = l.purchase_id)
    UNION ALL
    SELECT 'voucher without purchase', v.id FROM wallet_voucher AS v
    WHERE v.purchase_id IS NOT NULL AND NOT EXISTS (SELECT FROM purchases_purchase AS p WHERE p.id = v.purchase_id)
    UNION ALL
    SELECT 'observation without purchase', o.id FROM purchases_observation AS o
    WHERE o.purchase_id IS NOT NULL AND NOT EXISTS (SELECT FROM purchases_purchase AS p WHERE p.id = o.purchase_id)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY what, id LIMIT 20;

-- name: purchases_are_told
-- Every purchase was told by a message, and one of a connected source stands for an order of the inbox, and for its own.
WITH wrong AS MATERIALIZED (
    SELECT 'a purchase without message' AS what, p.id FROM purchases_purchase AS p
    WHERE NOT EXISTS (SELECT FROM purchases_observation AS o WHERE o.purchase_id = p.id)
    UNION ALL
    SELECT 'a purchase of a connected source without its order', p.id
    FROM purchases_purchase AS p JOIN purchases_source AS s ON s.id = p.source_id
    WHERE s.kind = 'connected' AND NOT EXISTS (SELECT FROM inbox_order AS o WHERE o.purchase_id = p.id)
    UNION ALL
    SELECT 'an order in the inbox with another''s purchase', o.id FROM inbox_order AS o
    WHERE o.purchase_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM purchases_purchase AS p
        WHERE p.id = o.purchase_id AND p.source_id = o.account_id AND p.native_id = o.object_id)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY what, id LIMIT 20;

-- name: inbox_is_settled
-- What came in was taken, or waits with a reason; what is due is settled next. Nothing there has lost what it belongs to.
WITH wrong AS MATERIALIZED (
    SELECT 'an unreadable message without a reason' AS what, m.id::text FROM inbox_message AS m
    WHERE m.state = 'unreadable' AND m.reason = ''
    UNION ALL
    SELECT 'an order that waits without a reason', o.id::text FROM inbox_order AS o
    WHERE NOT o.due AND o.state <> 'standing' AND o.reason = ''
    UNION ALL
    SELECT 'an order that stands for no purchase', o.id::text FROM inbox_order AS o
    WHERE NOT o.due AND o.state = 'standing' AND o.reason <> 'refund_found'
      AND (o.purchase_id IS NULL OR o.content_hash IS NULL)
    UNION ALL
    SELECT 'an order without its account', o.id::text FROM inbox_order AS o
    WHERE NOT EXISTS (SELECT FROM inbox_account AS a WHERE a.id = o.account_id AND a.programme_id = o.programme_id)
    UNION ALL
    SELECT 'a message without its account', m.id::text FROM inbox_message AS m
    WHERE NOT EXISTS (SELECT FROM inbox_account AS a WHERE a.id = m.account_id)
    UNION ALL
    SELECT 'a piece without its order', p.id::text FROM inbox_piece AS p
    WHERE NOT EXISTS (SELECT FROM inbox_order AS o WHERE o.id = p.order_id)
    UNION ALL
    SELECT 'a piece without its message', p.id::text FROM inbox_piece AS p
    WHERE p.message_id <> 0 AND NOT EXISTS (SELECT FROM inbox_message AS m WHERE m.id = p.message_id)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY what, id LIMIT 20;

-- name: natural_keys
-- in: programme_id. out: the natural key of every owner of an account.
SELECT wallet_id, 'member ' || ref FROM identity_member WHERE programme_id = %(programme_id)s
UNION ALL SELECT id, kind || ' ' || ref FROM identity_party WHERE programme_id = %(programme_id)s;

-- name: digest_purchases
-- in: programme_id. out: purchases and their rewards by natural key, without ids and recorded times.
SELECT s.ref, p.native_id, m.ref, p.order_ref, p.occurred_at::text, p.currency, p.amount_minor, p.validation, p.reason,
       p.version, p.confirmed_on, p.release_on, r.base_minor, r.amount_minor, r.released_minor, r.kept_minor,
       d.decision::text, d.frozen::text
FROM purchases_purchase AS p
JOIN purchases_source AS s ON s.id = p.source_id
JOIN identity_member AS m ON m.id = p.member_id
JOIN rewards_reward AS r ON r.purchase_id = p.id
JOIN rewards_decision AS d ON d.id = r.decision_id
WHERE p.programme_id = %(programme_id)s;

-- name: digest_lots
-- in: programme_id. out: lots by natural key.
SELECT m.ref, coalesce(p.native_id, ''), l.origin, l.currency, l.amount_minor, l.remaining_minor, l.expired_minor,
       l.available_on, l.expires_on
FROM rewards_lot AS l
JOIN identity_member AS m ON m.wallet_id = l.wallet_id
LEFT JOIN purchases_purchase AS p ON p.id = l.purchase_id
WHERE m.programme_id = %(programme_id)s;

-- name: digest_vouchers
-- in: programme_id. out: vouchers by natural key.
SELECT m.ref, coalesce(p.native_id, v.reference), v.origin, v.currency, v.amount_minor, v.used_minor, v.returned_minor,
       v.expired_minor, v.taken_minor, v.state, v.valid_from, v.valid_until
FROM wallet_voucher AS v
JOIN identity_member AS m ON m.wallet_id = v.wallet_id
LEFT JOIN purchases_purchase AS p ON p.id = v.purchase_id
WHERE m.programme_id = %(programme_id)s;

-- name: digest_counters
-- in: programme_id. out: counters by member.
SELECT m.ref, c.name, c.period, c.amount_minor, c.count
FROM rewards_counter AS c JOIN identity_member AS m ON m.wallet_id = c.wallet_id
WHERE m.programme_id = %(programme_id)s AND (c.amount_minor <> 0 OR c.count <> 0);

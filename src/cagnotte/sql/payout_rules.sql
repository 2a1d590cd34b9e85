-- Queries of the rules by which members are paid without asking.

-- name: rule_of_wallet
-- in: wallet_id. out: columns of RuleView. Index: primary key. No locks.
SELECT wallet_id, kind, above_minor, month_day, active, changed_on, tried_on, outcome
FROM payouts_payoutrule WHERE wallet_id = %(wallet_id)s;

-- name: save_rule
-- in: the row. Writes payouts_payoutrule, new or over the old; what was tried before is forgotten with the old rule.
INSERT INTO payouts_payoutrule (
    wallet_id, programme_id, bucket, kind, above_minor, month_day, active, changed_at, changed_on, outcome
)
VALUES (
    %(wallet_id)s, %(programme_id)s, %(bucket)s, %(kind)s, %(above_minor)s, %(month_day)s, true, %(now)s, %(on)s, ''
)
ON CONFLICT (wallet_id) DO UPDATE SET
    kind = excluded.kind,
    above_minor = excluded.above_minor,
    month_day = excluded.month_day,
    active = true,
    changed_at = excluded.changed_at,
    changed_on = excluded.changed_on,
    tried_on = NULL,
    outcome = '';

-- name: rest_rule
-- in: wallet_id, programme_id, now, on. Writes payouts_payoutrule: off.
UPDATE payouts_payoutrule SET active = false, changed_at = %(now)s, changed_on = %(on)s
WHERE wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s AND active;

-- name: due
-- in: programme_id, currency, day, scheduled (31 days: for each day of the month the latest one up to `day`), passing
-- (outcomes that pass by themselves), at_most. out: wallet of rules that are due and were not carried out: `above` once a day,
-- `monthly` once since its latest day, though that was last month's, and daily while what came of it passes by itself.
-- Index: payout_rule_active, lot_open. No locks: whoever carries one out locks its wallet and looks again (`take_up`).
SELECT r.wallet_id
FROM payouts_payoutrule AS r
LEFT JOIN LATERAL (
    SELECT sum(l.remaining_minor) AS available_minor FROM rewards_lot AS l
    WHERE
        l.wallet_id = r.wallet_id AND l.remaining_minor > 0 AND l.currency = %(currency)s
        AND (l.expires_on IS NULL OR l.expires_on >= %(day)s)
) AS lots ON r.kind = 'above'
WHERE
    r.programme_id = %(programme_id)s AND r.active
    AND (r.tried_on IS NULL OR r.tried_on < %(day)s)
    AND CASE r.kind
        WHEN 'above' THEN lots.available_minor >= r.above_minor
        ELSE
            r.changed_on <= (%(scheduled)s::date[])[r.month_day]
            AND (
                r.tried_on IS NULL OR r.tried_on < (%(scheduled)s::date[])[r.month_day]
                OR r.outcome = ANY(%(passing)s)
            )
    END
ORDER BY r.wallet_id
LIMIT %(at_most)s;

-- name: take_up
-- in: wallet_id (locked before), day, scheduled, passing (as in `due`), outcome. Writes payouts_payoutrule, unless it was carried
-- out that day or for that month, or was changed, or is off by now.
UPDATE payouts_payoutrule SET tried_on = %(day)s, outcome = %(outcome)s
WHERE
    wallet_id = %(wallet_id)s AND active AND (tried_on IS NULL OR tried_on < %(day)s)
    AND (
        kind = 'above'
        OR changed_on <= (%(scheduled)s::date[])[month_day]
        AND (
            tried_on IS NULL OR tried_on < (%(scheduled)s::date[])[month_day]
            OR outcome = ANY(%(passing)s)
        )
    );

-- name: note_outcome
-- in: wallet_id (locked before), day, outcome. Writes payouts_payoutrule: what came of carrying it out that day.
UPDATE payouts_payoutrule SET outcome = %(outcome)s WHERE wallet_id = %(wallet_id)s AND tried_on = %(day)s;

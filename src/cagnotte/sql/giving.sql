-- Queries of gifts to charities. Locks are taken in this order, each sorted by id: wallets, holds, donations, lots, balances.

-- name: save_charities
-- in: programme_id, one array per column. Writes payouts_charity, new or over the old.
INSERT INTO payouts_charity (id, programme_id, ref, name, cause, site, active)
SELECT id, %(programme_id)s, ref, name, cause::jsonb, site, true
FROM unnest(%(ids)s::uuid[], %(refs)s::text[], %(names)s::text[], %(causes)s::text[], %(sites)s::text[])
    AS charity (id, ref, name, cause, site)
ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, cause = excluded.cause, site = excluded.site, active = true;

-- name: rest_other_charities
-- in: programme_id, refs. Writes payouts_charity: those that are no longer named take no new gifts.
UPDATE payouts_charity SET active = false
WHERE programme_id = %(programme_id)s AND active AND ref <> ALL(%(refs)s);

-- name: charities
-- in: programme_id. out: columns of CharityView, the cause as text, by name. Index: charity_ref_unique. No locks.
SELECT id, ref, name, cause::text, site, active FROM payouts_charity
WHERE programme_id = %(programme_id)s ORDER BY name, ref;

-- name: insert_donation
-- in: the row. Writes payouts_donation.
INSERT INTO payouts_donation (
    id, programme_id, wallet_id, bucket, hold_id, charity_id, currency, amount_minor, given_at
)
VALUES (
    %(id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(hold_id)s, %(charity_id)s, %(currency)s, %(amount_minor)s,
    %(now)s
);

-- name: donation
-- in: programme_id, wallet_id, id. out: columns of DonationView. Index: primary keys. No locks.
SELECT d.id, d.charity_id, c.name, d.currency, d.amount_minor, d.given_at, d.passed_on
FROM payouts_donation AS d JOIN payouts_charity AS c ON c.id = d.charity_id
WHERE d.id = %(id)s AND d.wallet_id = %(wallet_id)s AND d.programme_id = %(programme_id)s;

-- name: donations_of_wallet
-- in: wallet_id, at_most. out: columns of DonationView, newest first. Index: donation_of_wallet. No locks.
SELECT d.id, d.charity_id, c.name, d.currency, d.amount_minor, d.given_at, d.passed_on
FROM payouts_donation AS d JOIN payouts_charity AS c ON c.id = d.charity_id
WHERE d.wallet_id = %(wallet_id)s
ORDER BY d.given_at DESC, d.id DESC
LIMIT %(at_most)s;

-- name: owed_to_charities
-- in: programme_id. out: charity, its ref and name, number of gifts and their sum, not passed on yet. Index: donation_owed.
SELECT c.id, c.ref, c.name, count(*), sum(d.amount_minor)::bigint
FROM payouts_charity AS c JOIN payouts_donation AS d ON d.charity_id = c.id AND d.passed_on IS NULL
WHERE c.programme_id = %(programme_id)s
GROUP BY c.id ORDER BY c.name, c.ref;

-- name: lock_owed_donations
-- in: charity_id, until (a moment). out: id, amount. Locks them by id. Index: donation_owed.
SELECT id, amount_minor FROM payouts_donation
WHERE charity_id = %(charity_id)s AND passed_on IS NULL AND given_at <= %(until)s
ORDER BY id
FOR NO KEY UPDATE;

-- name: pass_on
-- in: ids, on. Writes payouts_donation, locked before.
UPDATE payouts_donation SET passed_on = %(on)s WHERE id = ANY(%(ids)s);

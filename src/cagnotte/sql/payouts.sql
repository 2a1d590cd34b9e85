-- Queries of payouts. Locks are taken in this order, each sorted by id: wallets, payouts, holds, lots, balances.

-- name: settings
-- in: programme_id. Index: primary key. No locks.
SELECT
    programme_id, currency, rail, debtor_name, debtor_iban, debtor_bic, threshold_minor, fee_minor, maximum_minor,
    method_kinds, method_change_hold_hours, execution_days, transfer_text, settles_on_report
FROM payouts_payoutsettings
WHERE programme_id = %(programme_id)s;

-- name: save_settings
-- in: the row. Writes payouts_payoutsettings, new or over the old.
INSERT INTO payouts_payoutsettings (
    programme_id, currency, rail, debtor_name, debtor_iban, debtor_bic, threshold_minor, fee_minor, maximum_minor,
    method_kinds, method_change_hold_hours, execution_days, transfer_text, settles_on_report
)
VALUES (
    %(programme_id)s, %(currency)s, %(rail)s, %(debtor_name)s, %(debtor_iban)s, %(debtor_bic)s,
    %(threshold_minor)s, %(fee_minor)s, %(maximum_minor)s, %(method_kinds)s::text[],
    %(method_change_hold_hours)s, %(execution_days)s, %(transfer_text)s, %(settles_on_report)s
)
ON CONFLICT (programme_id) DO UPDATE SET
    currency = excluded.currency,
    rail = excluded.rail,
    debtor_name = excluded.debtor_name,
    debtor_iban = excluded.debtor_iban,
    debtor_bic = excluded.debtor_bic,
    threshold_minor = excluded.threshold_minor,
    fee_minor = excluded.fee_minor,
    maximum_minor = excluded.maximum_minor,
    method_kinds = excluded.method_kinds,
    method_change_hold_hours = excluded.method_change_hold_hours,
    execution_days = excluded.execution_days,
    transfer_text = excluded.transfer_text,
    settles_on_report = excluded.settles_on_report;

-- name: methods_in_use
-- in: wallet_ids. Index: payout_method_in_use. No locks: their wallets are locked before.
SELECT id, wallet_id, kind, holder, iban_fingerprint, iban_last4, bic
FROM payouts_payoutmethod
WHERE wallet_id = ANY(%(wallet_ids)s) AND retired_at IS NULL;

-- name: retire_methods
-- in: ids, now. Writes payouts_payoutmethod.
UPDATE payouts_payoutmethod SET retired_at = %(now)s WHERE id = ANY(%(ids)s);

-- name: insert_methods
-- in: one array per column. Writes payouts_payoutmethod. Usable once the hold of the programme's settings is over.
INSERT INTO payouts_payoutmethod (
    id, programme_id, wallet_id, bucket, kind, holder, iban_sealed, iban_last4, iban_fingerprint, bic, changed_at,
    usable_from
)
SELECT
    id, %(programme_id)s, wallet_id, bucket, kind, holder, iban_sealed, iban_last4, iban_fingerprint, bic, changed_at,
    changed_at + (
        SELECT make_interval(hours => method_change_hold_hours)
        FROM payouts_payoutsettings WHERE programme_id = %(programme_id)s
    )
FROM unnest(
    %(ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::smallint[], %(kinds)s::text[], %(holders)s::text[],
    %(sealed)s::text[], %(last4s)s::text[], %(fingerprints)s::text[], %(bics)s::text[],
    %(changed_ats)s::timestamptz[]
) AS method (
    id, wallet_id, bucket, kind, holder, iban_sealed, iban_last4, iban_fingerprint, bic, changed_at
);

-- name: candidates
-- in: programme_id, currency, day. Everybody who holds something that day, or owes something.
-- Index: lot_open is read whole; the rest by key. No locks: holds look again.
SELECT
    wallet.id, coalesce(lots.available_minor, 0)::bigint, coalesce(debt.amount_minor, 0)::bigint, method.id,
    method.kind, method.changed_at, method.usable_from, wallet.frozen, wallet.closed_at IS NOT NULL
FROM identity_wallet AS wallet
LEFT JOIN (
    SELECT wallet_id, sum(remaining_minor) AS available_minor
    FROM rewards_lot
    WHERE
        remaining_minor > 0 AND currency = %(currency)s
        AND (expires_on IS NULL OR expires_on >= %(day)s)
    GROUP BY wallet_id
) AS lots ON lots.wallet_id = wallet.id
LEFT JOIN (
    SELECT account.owner_id, balance.amount_minor
    FROM ledger_account AS account
    INNER JOIN ledger_balance AS balance ON balance.account_id = account.id
    WHERE
        account.programme_id = %(programme_id)s AND account.kind = 'member.owing'
        AND account.currency = %(currency)s AND balance.amount_minor > 0
) AS debt ON debt.owner_id = wallet.id
LEFT JOIN payouts_payoutmethod AS method ON method.wallet_id = wallet.id AND method.retired_at IS NULL
WHERE
    wallet.programme_id = %(programme_id)s
    AND (lots.available_minor > 0 OR debt.amount_minor > 0)
ORDER BY wallet.id;

-- name: candidate
-- in: wallet_id (locked before), programme_id, owing_id (its account), currency, day. One wallet, whatever it holds. By keys.
SELECT
    wallet.id,
    (
        SELECT coalesce(sum(remaining_minor), 0)::bigint
        FROM rewards_lot
        WHERE
            wallet_id = wallet.id AND remaining_minor > 0 AND currency = %(currency)s
            AND (expires_on IS NULL OR expires_on >= %(day)s)
    ),
    (
        SELECT coalesce(sum(balance.amount_minor), 0)::bigint
        FROM ledger_account AS account
        INNER JOIN ledger_balance AS balance ON balance.account_id = account.id
        WHERE account.id = %(owing_id)s
    ),
    method.id, method.kind, method.changed_at, method.usable_from, wallet.frozen, wallet.closed_at IS NOT NULL
FROM identity_wallet AS wallet
LEFT JOIN payouts_payoutmethod AS method ON method.wallet_id = wallet.id AND method.retired_at IS NULL
WHERE wallet.id = %(wallet_id)s AND wallet.programme_id = %(programme_id)s;

-- name: payouts_in_states
-- in: programme_id, states, at_most. Latest first. Index: payout_under_way where the states are under way.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE programme_id = %(programme_id)s AND state = ANY(%(states)s)
ORDER BY requested_at DESC, id
LIMIT %(at_most)s;

-- name: try_lock_runs
-- in: programme_id. One advisory lock per programme, held by the session: two runs never work side by side.
SELECT pg_try_advisory_lock(hashtextextended('payouts:' || %(programme_id)s::text, 0));

-- name: unlock_runs
-- in: programme_id. Gives the lock of try_lock_runs back.
SELECT pg_advisory_unlock(hashtextextended('payouts:' || %(programme_id)s::text, 0));

-- name: insert_payouts
-- in: one array per column that differs. Writes payouts_payout.
INSERT INTO payouts_payout (
    id, programme_id, wallet_id, bucket, hold_id, method_id, end_to_end_id, currency, amount_minor, fee_minor,
    state, events, requested_at, state_at, reason
)
SELECT
    id, %(programme_id)s, wallet_id, bucket, hold_id, method_id, end_to_end_id, %(currency)s, amount_minor,
    fee_minor, %(state)s, 0, %(now)s, %(now)s, ''
FROM unnest(
    %(ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::smallint[], %(hold_ids)s::uuid[],
    %(method_ids)s::uuid[], %(end_to_end_ids)s::text[], %(amounts_minor)s::bigint[], %(fees_minor)s::bigint[]
) AS payout (id, wallet_id, bucket, hold_id, method_id, end_to_end_id, amount_minor, fee_minor)
ORDER BY id
ON CONFLICT (id) DO NOTHING;

-- name: payouts_by_id
-- in: ids. Index: primary key. No locks.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE id = ANY(%(ids)s)
ORDER BY id;

-- name: lock_payouts
-- in: ids. Locks them by id; their wallets are locked before. Index: primary key.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE id = ANY(%(ids)s)
ORDER BY id
FOR NO KEY UPDATE;

-- name: payouts_by_reference
-- in: programme_id, end_to_end_ids. Index: unique. No locks.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE end_to_end_id = ANY(%(end_to_end_ids)s) AND programme_id = %(programme_id)s;

-- name: payouts_by_message
-- in: programme_id, message_ids. Index: unique, then payout_batch. No locks.
SELECT
    payout.id, payout.wallet_id, payout.hold_id, payout.method_id, payout.batch_id, payout.end_to_end_id,
    payout.currency, payout.amount_minor, payout.fee_minor, payout.state, payout.events, payout.requested_at,
    batch.message_id
FROM payouts_payoutbatch AS batch
INNER JOIN payouts_payout AS payout ON payout.batch_id = batch.id
WHERE batch.message_id = ANY(%(message_ids)s) AND batch.programme_id = %(programme_id)s
ORDER BY payout.id;

-- name: payouts_of_wallet
-- in: wallet_id. Index: payout_wallet. No locks.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE wallet_id = %(wallet_id)s
ORDER BY requested_at, id;

-- name: payouts_under_way
-- in: wallet_id, states. Oldest first. Index: payout_wallet. No locks.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE wallet_id = %(wallet_id)s AND state = ANY(%(states)s)
ORDER BY requested_at, id;

-- name: payouts_page
-- in: programme_id, wallet_id (null = all), before (the last one of the page before, null = from the newest), at_most.
-- out: newest first. Index: payout_wallet where a wallet is named. No locks.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE
    programme_id = %(programme_id)s
    AND (%(wallet_id)s::uuid IS NULL OR wallet_id = %(wallet_id)s)
    AND (
        %(before)s::uuid IS NULL
        OR (requested_at, id) < (SELECT p.requested_at, p.id FROM payouts_payout AS p WHERE p.id = %(before)s)
    )
ORDER BY requested_at DESC, id DESC
LIMIT %(at_most)s;

-- name: payout_of_programme
-- in: programme_id, id. Index: primary key. No locks.
SELECT
    id, wallet_id, hold_id, method_id, batch_id, end_to_end_id, currency, amount_minor, fee_minor, state, events,
    requested_at
FROM payouts_payout
WHERE programme_id = %(programme_id)s AND id = %(id)s;

-- name: kept_aside
-- in: wallet_id, bucket. out: what is kept aside for the owner of a closed account, in minor units. Reads the ledger's
-- entries of one bucket by their primary key. No locks.
SELECT coalesce(-sum(entry.amount_minor), 0)::bigint
FROM ledger_entry AS entry
INNER JOIN ledger_account AS account ON account.id = entry.account_id AND account.kind = 'programme.unclaimed'
WHERE entry.bucket = %(bucket)s AND entry.book_id = %(wallet_id)s;

-- name: unclaimed_to_send
-- in: wallet_id (locked before), currency. out: the sum of payouts of what is kept aside that are not sent yet.
-- Index: payout_wallet. No locks.
SELECT coalesce(sum(amount_minor), 0)::bigint
FROM payouts_payout
WHERE
    wallet_id = %(wallet_id)s AND hold_id IS NULL AND currency = %(currency)s
    AND state = 'approved';

-- name: insert_method_for_one
-- in: the row. Writes payouts_payoutmethod: an account for one payout, which is never the member's own.
INSERT INTO payouts_payoutmethod (
    id, programme_id, wallet_id, bucket, kind, holder, iban_sealed, iban_last4, iban_fingerprint, bic, changed_at,
    retired_at
)
VALUES (
    %(id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(kind)s, %(holder)s, %(sealed)s, %(last4)s,
    %(fingerprint)s, %(bic)s, %(now)s, %(now)s
);

-- name: method_told
-- in: id. out: holder, fingerprint of the number. Index: primary key. No locks.
SELECT holder, iban_fingerprint FROM payouts_payoutmethod WHERE id = %(id)s;

-- name: account_of_wallet
-- in: wallet_id. out: where its owner wants the money, as it may be shown. Index: payout_method_in_use. No locks.
SELECT id, kind, holder, iban_last4, bic, changed_at, usable_from
FROM payouts_payoutmethod
WHERE wallet_id = %(wallet_id)s AND retired_at IS NULL;

-- name: ways_of_payouts
-- in: ids. out: payout, holder and end of the account it goes to, when the bank is asked to execute it (null: no file yet).
-- Index: primary keys. No locks.
SELECT payout.id, method.holder, method.iban_last4, batch.execution_on
FROM payouts_payout AS payout
INNER JOIN payouts_payoutmethod AS method ON method.id = payout.method_id
LEFT JOIN payouts_payoutbatch AS batch ON batch.id = payout.batch_id
WHERE payout.id = ANY(%(ids)s);

-- name: payouts_to_batch
-- in: programme_id, currency, at_most. Approved and in no batch yet. Index: payout_under_way. No locks: one run at
-- a time has the advisory lock.
SELECT id, amount_minor - fee_minor
FROM payouts_payout
WHERE
    programme_id = %(programme_id)s AND state = 'approved' AND batch_id IS NULL AND currency = %(currency)s
ORDER BY id
LIMIT %(at_most)s
FOR NO KEY UPDATE;

-- name: insert_batch
-- in: the row. Writes payouts_payoutbatch.
INSERT INTO payouts_payoutbatch (
    id, programme_id, rail, message_id, currency, count, total_minor, execution_on, debtor_name, debtor_iban,
    debtor_bic, transfer_text, created_at, file_path, file_sha256
)
VALUES (
    %(id)s, %(programme_id)s, %(rail)s, %(message_id)s, %(currency)s, %(count)s, %(total_minor)s,
    %(execution_on)s, %(debtor_name)s, %(debtor_iban)s, %(debtor_bic)s, %(transfer_text)s, %(now)s, '', ''
);

-- name: put_in_batch
-- in: ids, batch_id. Writes payouts_payout.
UPDATE payouts_payout SET batch_id = %(batch_id)s WHERE id = ANY(%(ids)s);

-- name: unsent_batches
-- in: programme_id. Index: payout_batch_unsent. No locks.
SELECT
    id, rail, message_id, currency, count, total_minor, execution_on, debtor_name, debtor_iban, debtor_bic,
    transfer_text, created_at
FROM payouts_payoutbatch
WHERE programme_id = %(programme_id)s AND sent_at IS NULL
ORDER BY created_at, id;

-- name: transfers_of_batch
-- in: batch_id. Index: payout_batch. No locks.
SELECT
    payout.id, payout.end_to_end_id, payout.amount_minor - payout.fee_minor, method.holder, method.iban_sealed,
    method.bic
FROM payouts_payout AS payout
INNER JOIN payouts_payoutmethod AS method ON method.id = payout.method_id
WHERE payout.batch_id = %(batch_id)s
ORDER BY payout.end_to_end_id;

-- name: mark_batch_sent
-- in: id, now, file_path, file_sha256. Writes payouts_payoutbatch.
UPDATE payouts_payoutbatch
SET sent_at = %(now)s, file_path = %(file_path)s, file_sha256 = %(file_sha256)s
WHERE id = %(id)s;

-- name: step_payouts
-- in: ids, states, events, now, reasons. Writes payouts_payout, locked before.
UPDATE payouts_payout
SET state = step.state, events = step.events, state_at = %(now)s, reason = step.reason
FROM unnest(%(ids)s::uuid[], %(states)s::text[], %(events)s::smallint[], %(reasons)s::text[])
    AS step (id, state, events, reason)
WHERE payouts_payout.id = step.id;

-- name: insert_steps
-- in: one array per column that differs. Writes payouts_payoutstep.
INSERT INTO payouts_payoutstep (id, payout_id, bucket, n, event, occurred_on, at, code, reason, source)
SELECT id, payout_id, bucket, n, event, %(occurred_on)s, %(now)s, code, reason, %(source)s
FROM unnest(
    %(ids)s::uuid[], %(payout_ids)s::uuid[], %(buckets)s::smallint[], %(ns)s::smallint[], %(events)s::text[],
    %(codes)s::text[], %(reasons)s::text[]
) AS step (id, payout_id, bucket, n, event, code, reason);

-- name: steps_of_payout
-- in: payout_id. Index: payout_step_unique. No locks.
SELECT n, event, occurred_on, at, code, reason, source
FROM payouts_payoutstep
WHERE payout_id = %(payout_id)s
ORDER BY n;

-- name: claim_bank_file
-- in: the row. Writes payouts_bankfile, or nothing when the file was read before. Waits for another reader of it.
INSERT INTO payouts_bankfile (sha256, programme_id, name, lines, booked, imported_at)
VALUES (%(sha256)s, %(programme_id)s, %(name)s, %(lines)s, 0, %(now)s)
ON CONFLICT (sha256) DO NOTHING;

-- name: count_booked
-- in: sha256, booked. Writes payouts_bankfile.
UPDATE payouts_bankfile SET booked = %(booked)s WHERE sha256 = %(sha256)s;

-- name: insert_bank_lines
-- in: one array per column that differs. Writes payouts_bankline.
INSERT INTO payouts_bankline (
    sha256, programme_id, number, kind, end_to_end_id, message_id, amount_minor, currency, problem, sentence
)
SELECT
    %(sha256)s, %(programme_id)s, number, kind, end_to_end_id, message_id, amount_minor, currency, problem, sentence
FROM unnest(
    %(numbers)s::int[], %(kinds)s::text[], %(end_to_end_ids)s::text[], %(message_ids)s::text[],
    %(amounts_minor)s::bigint[], %(currencies)s::text[], %(problems)s::text[], %(sentences)s::text[]
) AS line (number, kind, end_to_end_id, message_id, amount_minor, currency, problem, sentence)
ON CONFLICT DO NOTHING;

-- name: method_of_wallet
-- in: wallet_id. Its method in use, if any. Index: payout_method_in_use. No locks: the wallet is locked before.
SELECT id, kind, changed_at, usable_from FROM payouts_payoutmethod WHERE wallet_id = %(wallet_id)s AND retired_at IS NULL;

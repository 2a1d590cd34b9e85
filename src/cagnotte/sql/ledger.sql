-- Queries of the ledger. Its tables, guards and functions are in ledger/migrations/0001_ledger.sql.

-- name: post_batch
-- in: batch_id, staged before. Writes ledger_transaction, ledger_entry, ledger_batch, ledger_delta, ledger_balance.
-- Locks: the programme's period (shared), then balance rows by account id. Index: primary keys only.
SELECT posted, duplicates, conflicts FROM ledger_post(%(batch_id)s);

-- name: open_accounts
-- in: one array per column. Writes ledger_account and ledger_balance where missing, by account id.
-- out: the ids that were committed before this database transaction.
SELECT ledger_open_accounts(
    %(ids)s, %(programme_ids)s, %(kinds)s, %(owner_ids)s, %(currencies)s, %(sides)s, %(modes)s,
    %(never_negatives)s, %(buckets)s::smallint[]
);

-- name: close_period
-- in: programme_id, ends_on, now, closed_by. Writes ledger_period. Locks the programme's period exclusively.
SELECT ledger_close_period(%(programme_id)s, %(ends_on)s, %(now)s, %(closed_by)s);

-- name: first_open_day
-- in: programme_id, day. Reads ledger_period by primary key. No locks.
SELECT greatest(%(day)s::date, max(ends_on) + 1) FROM ledger_period WHERE programme_id = %(programme_id)s;

-- name: fold
-- in: now. Writes ledger_snapshot from the deltas not folded yet (index on x). Advisory lock: one folder at a time.
SELECT ledger_fold(%(now)s);

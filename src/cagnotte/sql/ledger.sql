-- Queries of the ledger. Its tables, guards and functions are in ledger/migrations/0001_ledger.sql.

-- name: post_batch
-- in: batch_id, staged before. Writes ledger_transaction, ledger_entry, ledger_batch, ledger_delta, ledger_balance.
-- Locks: the programme's period (shared), then balance rows by account id. Index: primary keys only.
SELECT posted, duplicates, conflicts FROM ledger_post(%(batch_id)s);

-- name: committed_accounts
-- in: ids, as the text of an array. out: those that were committed before this database transaction. No locks.
SELECT id FROM ledger_account
WHERE id = ANY (%(ids)s::text::uuid[]) AND x IS DISTINCT FROM pg_current_xact_id_if_assigned();

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

-- name: balance_now
-- in: account_id. out: debit-positive balance. One statement, so that snapshot and deltas are of one moment.
-- Reads ledger_balance, ledger_snapshot by key, ledger_delta by (account_id, x). No locks.
SELECT coalesce((SELECT sign * amount_minor FROM ledger_balance WHERE account_id = %(account_id)s), 0)
     + coalesce((SELECT amount_minor FROM ledger_snapshot WHERE account_id = %(account_id)s), 0)
     + coalesce((
        SELECT sum(d.amount_minor) FROM ledger_delta d
        WHERE d.account_id = %(account_id)s AND d.x >= coalesce(
            (SELECT mark FROM ledger_snapshot WHERE account_id = %(account_id)s), '0'::xid8)
       ), 0)::bigint;

-- name: balance_of_id
-- in: account_id. out: balance in the account's own side. As balance_now.
SELECT CASE a.side WHEN 'credit' THEN -1 ELSE 1 END * (
        coalesce((SELECT sign * amount_minor FROM ledger_balance WHERE account_id = a.id), 0)
      + coalesce((SELECT amount_minor FROM ledger_snapshot WHERE account_id = a.id), 0)
      + coalesce((
            SELECT sum(d.amount_minor) FROM ledger_delta d
            WHERE d.account_id = a.id
              AND d.x >= coalesce((SELECT mark FROM ledger_snapshot WHERE account_id = a.id), '0'::xid8)
        ), 0))::bigint
FROM ledger_account a WHERE a.id = %(account_id)s;

-- name: balance_as_recorded
-- in: account_id, recorded. out: debit-positive balance of what was recorded up to that moment.
-- A member's account: its entries, by ledger_entry_movement. Others: whole batches by their deltas, and the entries
-- of the batches that the moment cuts, found by the BRIN index on batch_id. No locks.
WITH cut AS MATERIALIZED (
    SELECT batch_id FROM ledger_batch
    WHERE first_recorded_at <= %(recorded)s AND last_recorded_at > %(recorded)s
)
SELECT coalesce((
        SELECT sum(e.amount_minor)
        FROM ledger_entry e JOIN ledger_transaction t ON t.bucket = e.bucket AND t.id = e.transaction_id
        WHERE e.row_mode AND e.account_id = %(account_id)s AND t.recorded_at <= %(recorded)s
       ), 0)::bigint
     + coalesce((
        SELECT sum(d.amount_minor) FROM ledger_delta d JOIN ledger_batch b USING (batch_id)
        WHERE d.account_id = %(account_id)s AND b.last_recorded_at <= %(recorded)s
       ), 0)::bigint
     + coalesce((
        SELECT sum(e.amount_minor)
        FROM cut JOIN ledger_entry e ON e.batch_id = cut.batch_id
        JOIN ledger_transaction t ON t.bucket = e.bucket AND t.id = e.transaction_id
        WHERE NOT e.row_mode AND e.account_id = %(account_id)s AND t.recorded_at <= %(recorded)s
       ), 0)::bigint;

-- name: balance_as_effective
-- in: account_id, effective, recorded (or null). out: debit-positive balance of the entries effective up to that day.
-- A member's account: by ledger_entry_movement. Others: reads all entries. No locks.
SELECT coalesce(sum(e.amount_minor), 0)::bigint
FROM ledger_entry e
WHERE e.account_id = %(account_id)s AND e.effective_on <= %(effective)s
  AND e.row_mode = (SELECT mode = 'row' FROM ledger_account WHERE id = %(account_id)s)
  AND (%(recorded)s::timestamptz IS NULL OR EXISTS (
        SELECT FROM ledger_transaction t
        WHERE t.bucket = e.bucket AND t.id = e.transaction_id AND t.recorded_at <= %(recorded)s));

-- name: balances_by_kind
-- in: programme_id. out: kind, currency, accounts, own_minor, debit_minor. Reads balances, snapshots and open deltas.
WITH total AS (
    SELECT a.kind, a.currency, a.side, a.id,
           coalesce(b.sign * b.amount_minor, 0) + coalesce(s.amount_minor, 0) + coalesce((
                SELECT sum(d.amount_minor) FROM ledger_delta d
                WHERE a.mode = 'delta' AND d.account_id = a.id AND d.x >= coalesce(s.mark, '0'::xid8)
           ), 0) AS debit_minor
    FROM ledger_account a
    LEFT JOIN ledger_balance b ON b.account_id = a.id
    LEFT JOIN ledger_snapshot s ON s.account_id = a.id
    WHERE a.programme_id = %(programme_id)s
)
SELECT kind, currency, count(*)::integer AS accounts,
       (CASE side WHEN 'credit' THEN -1 ELSE 1 END * sum(debit_minor))::bigint AS own_minor,
       sum(debit_minor)::bigint AS debit_minor
FROM total GROUP BY kind, currency, side;

-- name: row_balances
-- in: account_ids. out: account_id, amount_minor in its own side. Reads ledger_balance by key.
SELECT account_id, amount_minor FROM ledger_balance WHERE account_id = ANY (%(account_ids)s);

-- name: lock_balances
-- in: account_ids. out: account_id, amount_minor in its own side. Locks the rows of ledger_balance by account id.
SELECT account_id, amount_minor FROM ledger_lock_balances(%(account_ids)s);

-- name: entries_of_facts
-- in: fact_ids. out: EntryRow. Reads ledger_transaction_fact, then entries by key.
SELECT t.id AS transaction_id, t.kind AS transaction_kind, t.fact_id, t.step, t.book_id, t.occurred_on, t.effective_on,
       t.recorded_at, e.leg, e.account_id, a.kind, a.owner_id, e.currency, e.amount_minor
FROM ledger_transaction t
JOIN ledger_entry e ON e.bucket = t.bucket AND e.transaction_id = t.id
JOIN ledger_account a ON a.id = e.account_id
WHERE t.fact_id = ANY (%(fact_ids)s)
ORDER BY t.recorded_at, t.id, e.leg;

-- name: entries_of_account
-- in: account_id. out: EntryRow. A member's account: by ledger_entry_movement; others: reads all entries.
SELECT t.id AS transaction_id, t.kind AS transaction_kind, t.fact_id, t.step, t.book_id, t.occurred_on, t.effective_on,
       t.recorded_at, e.leg, e.account_id, a.kind, a.owner_id, e.currency, e.amount_minor
FROM ledger_entry e
JOIN ledger_transaction t ON t.bucket = e.bucket AND t.id = e.transaction_id
JOIN ledger_account a ON a.id = e.account_id
WHERE e.account_id = %(account_id)s
  AND e.row_mode = (SELECT mode = 'row' FROM ledger_account WHERE id = %(account_id)s)
ORDER BY t.recorded_at, t.id, e.leg;

-- name: one_moment
-- Let all queries that follow in this database transaction see the same moment.
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- name: read_to_the_end
-- Plan server-side cursors for being read to their end, until the database transaction ends.
SELECT set_config('cursor_tuple_fraction', '1', true), set_config('work_mem', '64MB', true);

-- name: export_accounts
-- in: programme_id. out: id, kind, owner_id, currency and the debit-positive balance as stored, never from entries.
SELECT a.id, a.kind, a.owner_id, a.currency,
       (coalesce(b.sign * b.amount_minor, 0) + coalesce(s.amount_minor, 0) + coalesce((
            SELECT sum(d.amount_minor) FROM ledger_delta d
            WHERE a.mode = 'delta' AND d.account_id = a.id AND d.x >= coalesce(s.mark, '0'::xid8)
       ), 0))::bigint AS debit_minor
FROM ledger_account a
LEFT JOIN ledger_balance b ON b.account_id = a.id
LEFT JOIN ledger_snapshot s ON s.account_id = a.id
WHERE a.programme_id = %(programme_id)s
ORDER BY a.kind, a.owner_id, a.currency;

-- name: export_days
-- in: programme_id. out: the first and the last effective day, null when nothing was booked.
SELECT min(effective_on), max(effective_on) FROM ledger_transaction WHERE programme_id = %(programme_id)s;

-- name: export_transactions
-- in: programme_id. out: one row per transaction with its legs as arrays, by effective day. Server-side cursor.
SELECT t.id, t.kind, t.fact_id, t.step, t.book_id, t.occurred_on, t.effective_on, t.recorded_at, l.account_ids, l.amounts
FROM ledger_transaction t
JOIN (
    SELECT bucket, transaction_id, array_agg(account_id ORDER BY leg) AS account_ids,
           array_agg(amount_minor ORDER BY leg) AS amounts
    FROM ledger_entry GROUP BY bucket, transaction_id
) l ON l.bucket = t.bucket AND l.transaction_id = t.id
WHERE t.programme_id = %(programme_id)s
ORDER BY t.effective_on, t.recorded_at, t.id;

-- name: digest_accounts
-- in: programme_id. out: kind, owner_id, currency, debit-positive sum of entries, where it is not zero.
SELECT a.kind, a.owner_id, a.currency, sum(e.amount_minor)::bigint
FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id
WHERE a.programme_id = %(programme_id)s
GROUP BY a.id HAVING sum(e.amount_minor) <> 0;

-- name: digest_books
-- in: programme_id. out: book_id, account kind, owner_id, currency, debit-positive sum of the book's entries, not zero.
SELECT e.book_id, a.kind, a.owner_id, a.currency, sum(e.amount_minor)::bigint
FROM ledger_account a JOIN ledger_entry e ON e.account_id = a.id
WHERE a.programme_id = %(programme_id)s
GROUP BY e.book_id, a.id HAVING sum(e.amount_minor) <> 0;

-- name: closed_until
-- in: programme_id. out: the last day of closed books. Reads ledger_period by primary key. No locks.
SELECT max(ends_on) FROM ledger_period WHERE programme_id = %(programme_id)s;

-- name: movements
-- in: account_ids (those of one wallet), before (a transaction id, or null for the newest), count. out: EntryRow of
-- all legs on these accounts of the `count` newest transactions before that one, newest first. Reads at most `count`
-- entries per account by ledger_entry_movement, backwards, however many there are; then transactions by key. No locks.
WITH page AS MATERIALIZED (
    SELECT DISTINCT e.transaction_id
    FROM unnest(%(account_ids)s::uuid[]) AS wanted (account_id)
    CROSS JOIN LATERAL (
        SELECT transaction_id FROM ledger_entry
        WHERE row_mode AND account_id = wanted.account_id
          AND transaction_id < coalesce(%(before)s::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        ORDER BY transaction_id DESC LIMIT %(count)s
    ) e
    ORDER BY e.transaction_id DESC LIMIT %(count)s
)
SELECT t.id AS transaction_id, t.kind AS transaction_kind, t.fact_id, t.step, t.book_id, t.occurred_on, t.effective_on,
       t.recorded_at, e.leg, e.account_id, a.kind, a.owner_id, e.currency, e.amount_minor
FROM page
CROSS JOIN unnest(%(account_ids)s::uuid[]) AS wanted (account_id)
CROSS JOIN LATERAL (
    SELECT * FROM ledger_entry
    WHERE row_mode AND account_id = wanted.account_id AND transaction_id = page.transaction_id OFFSET 0
) e
CROSS JOIN LATERAL (SELECT * FROM ledger_transaction WHERE bucket = e.bucket AND id = e.transaction_id LIMIT 1) t
JOIN ledger_account a ON a.id = e.account_id
ORDER BY t.id DESC, e.leg;

-- Checks of the books. Each reads whole tables in one statement, so that it sees one moment even while others post;
-- it returns at most 20 rows of what is wrong, with the number of all in `total`. No locks.

-- name: work_memory
-- Sorting and hashing for the checks that follow, until the database transaction ends.
SELECT set_config('work_mem', '64MB', true);

-- name: sum_of_all
-- Every programme and currency sums to zero over all entries.
WITH wrong AS MATERIALIZED (
    SELECT a.programme_id, e.currency, sum(e.amount_minor)::bigint AS off_minor
    FROM ledger_entry e LEFT JOIN ledger_account a ON a.id = e.account_id
    GROUP BY a.programme_id, e.currency HAVING sum(e.amount_minor) <> 0
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY programme_id, currency LIMIT 20;

-- name: sum_of_each
-- Every transaction sums to zero in each currency.
WITH wrong AS MATERIALIZED (
    SELECT transaction_id, currency, sum(amount_minor)::bigint AS off_minor
    FROM ledger_entry GROUP BY bucket, transaction_id, currency HAVING sum(amount_minor) <> 0
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY transaction_id LIMIT 20;

-- name: legs
-- Every transaction has its legs 1 … n, and no leg is without its transaction.
WITH present AS (
    SELECT bucket, transaction_id, count(*) AS n, min(leg) AS first, max(leg) AS last
    FROM ledger_entry GROUP BY bucket, transaction_id
), wrong AS MATERIALIZED (
    SELECT coalesce(t.id, p.transaction_id) AS transaction_id, t.legs AS expected, coalesce(p.n, 0) AS present
    FROM ledger_transaction t
    FULL JOIN present p ON p.bucket = t.bucket AND p.transaction_id = t.id
    WHERE (t.legs = p.n AND p.last = p.n AND p.first = 1) IS NOT TRUE
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY transaction_id LIMIT 20;

-- name: copies
-- What an entry repeats of its transaction is equal there.
WITH wrong AS MATERIALIZED (
    SELECT e.transaction_id, e.leg
    FROM ledger_entry e JOIN ledger_transaction t ON t.bucket = e.bucket AND t.id = e.transaction_id
    WHERE (e.book_id, e.effective_on, e.batch_id) IS DISTINCT FROM (t.book_id, t.effective_on, t.batch_id)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY transaction_id, leg LIMIT 20;

-- name: content
-- What is booked is what was hashed: domain/transactions.py, payload_hash.
WITH booked AS (
    SELECT bucket, transaction_id,
           string_agg(replace(account_id::text, '-', '') || CASE WHEN amount_minor > 0 THEN '+' ELSE '' END || amount_minor,
                      '' ORDER BY account_id) AS legs
    FROM ledger_entry GROUP BY bucket, transaction_id
), wrong AS MATERIALIZED (
    SELECT t.id AS transaction_id
    FROM ledger_transaction t JOIN booked b ON b.bucket = t.bucket AND b.transaction_id = t.id
    WHERE t.payload_hash
          <> sha256(convert_to(
            t.kind || '|' || t.book_id || '|' || to_char(t.occurred_on, 'YYYY-MM-DD') || '|' || b.legs, 'UTF8'))
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY transaction_id LIMIT 20;

-- name: accounts_of_entries
-- Every entry's account exists, in its currency and mode, in its transaction's programme.
WITH used AS (
    SELECT DISTINCT e.account_id, e.currency, e.row_mode, t.programme_id
    FROM ledger_entry e JOIN ledger_transaction t ON t.bucket = e.bucket AND t.id = e.transaction_id
), wrong AS MATERIALIZED (
    SELECT u.account_id, u.currency
    FROM used u LEFT JOIN ledger_account a ON a.id = u.account_id
    WHERE (a.currency = u.currency AND (a.mode = 'row') = u.row_mode AND a.programme_id = u.programme_id) IS NOT TRUE
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY account_id LIMIT 20;

-- name: row_balances
-- Every account that keeps a balance row has one, equal to its entries; no other account has one.
WITH entered AS (
    SELECT account_id, sum(amount_minor) AS debit_minor FROM ledger_entry GROUP BY account_id
), wrong AS MATERIALIZED (
    SELECT coalesce(a.id, b.account_id) AS account_id, b.amount_minor AS balance_minor,
           (CASE a.side WHEN 'credit' THEN -1 ELSE 1 END * coalesce(e.debit_minor, 0))::bigint AS entries_minor
    FROM (SELECT * FROM ledger_account WHERE mode = 'row') a
    FULL JOIN ledger_balance b ON b.account_id = a.id
    LEFT JOIN entered e ON e.account_id = a.id
    WHERE (b.amount_minor = CASE a.side WHEN 'credit' THEN -1 ELSE 1 END * coalesce(e.debit_minor, 0)
           AND b.sign = CASE a.side WHEN 'credit' THEN -1 ELSE 1 END
           AND b.currency = a.currency AND b.never_negative = a.never_negative
           AND (b.amount_minor >= 0 OR NOT a.never_negative)) IS NOT TRUE
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY account_id LIMIT 20;

-- name: deltas
-- Every batch's delta of an account is the sum of its entries, and none is missing.
WITH entered AS (
    SELECT account_id, batch_id, sum(amount_minor) AS amount_minor, count(*) AS entries
    FROM ledger_entry WHERE NOT row_mode GROUP BY account_id, batch_id
), wrong AS MATERIALIZED (
    SELECT coalesce(d.account_id, e.account_id) AS account_id, coalesce(d.batch_id, e.batch_id) AS batch_id,
           d.amount_minor AS balance_minor, e.amount_minor::bigint AS entries_minor
    FROM ledger_delta d
    FULL JOIN entered e ON e.account_id = d.account_id AND e.batch_id = d.batch_id
    WHERE (d.amount_minor = e.amount_minor AND d.entries = e.entries) IS NOT TRUE
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY account_id, batch_id LIMIT 20;

-- name: snapshots
-- Every snapshot is the sum of the deltas below its mark, and no mark or delta is of a time to come (as after a
-- logical restore into a young cluster).
WITH folded AS (
    SELECT d.account_id, sum(d.amount_minor) AS amount_minor
    FROM ledger_delta d JOIN ledger_snapshot s ON s.account_id = d.account_id AND d.x < s.mark
    GROUP BY d.account_id
), wrong AS MATERIALIZED (
    SELECT s.account_id, s.amount_minor AS balance_minor, coalesce(f.amount_minor, 0)::bigint AS entries_minor
    FROM ledger_snapshot s LEFT JOIN folded f ON f.account_id = s.account_id
    WHERE s.amount_minor <> coalesce(f.amount_minor, 0) OR s.mark > pg_snapshot_xmax(pg_current_snapshot())
    UNION
    SELECT account_id, amount_minor, amount_minor FROM ledger_delta
    WHERE x >= pg_snapshot_xmax(pg_current_snapshot()) AND x <> coalesce(pg_current_xact_id_if_assigned(), '0'::xid8)
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY account_id LIMIT 20;

-- name: batches
-- Every batch holds as many transactions as it says.
WITH held AS (
    SELECT batch_id, count(*) AS n FROM ledger_transaction GROUP BY batch_id
), wrong AS MATERIALIZED (
    SELECT coalesce(b.batch_id, h.batch_id) AS batch_id, b.transactions AS expected, coalesce(h.n, 0) AS present
    FROM ledger_batch b FULL JOIN held h ON h.batch_id = b.batch_id
    WHERE (b.transactions = h.n) IS NOT TRUE
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY batch_id LIMIT 20;

-- name: closed_periods
-- Nothing recorded after a period was closed is effective in it.
WITH wrong AS MATERIALIZED (
    SELECT DISTINCT ON (t.bucket, t.id) t.id AS transaction_id, t.effective_on, p.ends_on, p.closed_at
    FROM ledger_period p
    JOIN ledger_transaction t ON t.programme_id = p.programme_id AND t.effective_on <= p.ends_on
     AND t.recorded_at > p.closed_at
    ORDER BY t.bucket, t.id
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY transaction_id LIMIT 20;

-- name: standing_in_transit
-- in: kinds. What stands in accounts that are zero at rest, and since when they have not been zero.
WITH running AS (
    SELECT e.account_id, a.kind, a.programme_id, a.currency, t.recorded_at, t.id, e.amount_minor,
           sum(e.amount_minor) OVER (PARTITION BY e.account_id ORDER BY t.recorded_at, t.id, e.leg) AS stands
    FROM ledger_account a
    JOIN ledger_entry e ON e.account_id = a.id AND NOT e.row_mode
    JOIN ledger_transaction t ON t.bucket = e.bucket AND t.id = e.transaction_id
    WHERE a.kind = ANY (%(kinds)s)
), rest AS (
    SELECT account_id, max(recorded_at) FILTER (WHERE stands = 0) AS last_zero_at, sum(amount_minor) AS debit_minor
    FROM running GROUP BY account_id HAVING sum(amount_minor) <> 0
), wrong AS MATERIALIZED (
    SELECT r.account_id, r.kind, r.programme_id, r.currency, z.debit_minor::bigint AS debit_minor,
           min(r.recorded_at) AS since, count(*) AS entries
    FROM rest z JOIN running r ON r.account_id = z.account_id AND (z.last_zero_at IS NULL OR r.recorded_at > z.last_zero_at)
    GROUP BY r.account_id, r.kind, r.programme_id, r.currency, z.debit_minor
)
SELECT *, (SELECT count(*) FROM wrong) AS total FROM wrong ORDER BY since LIMIT 20;

-- name: accounts
-- All accounts, for the comparison of their ids and properties with the chart. Read by a server-side cursor.
SELECT id, programme_id, kind, owner_id, currency, side, mode, never_negative FROM ledger_account;

-- name: books
-- The bucket of every book, for the comparison with domain/ids.py. Read by a server-side cursor.
SELECT DISTINCT book_id, bucket FROM ledger_transaction;

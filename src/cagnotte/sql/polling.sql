-- Asking sources: one poller for each account, at the source's own pace.

-- name: try_to_poll
-- in: account_id as text. out: true when nobody else polls the account; held by the session until stop_polling or its end.
SELECT pg_try_advisory_lock(hashtextextended('poll ' || %(account_id)s, 0));

-- name: stop_polling
-- in: account_id as text. Gives the account free for the next poller.
SELECT pg_advisory_unlock(hashtextextended('poll ' || %(account_id)s, 0));

-- name: book_call
-- in: account_id, interval_seconds (one call's share of the pace), ahead_seconds (how far calls may be booked ahead).
-- Books the time of one call at the source's pace, unless too much is booked. out: seconds to wait until it can be
-- booked; 0 = it is. Touches one row of inbox_account, by its key. The clock is the database's, one for all processes.
WITH clock AS (
    SELECT id, clock_timestamp() AS at, greatest(calls_booked_until, clock_timestamp()) AS booked_until
    FROM inbox_account WHERE id = %(account_id)s ORDER BY id FOR UPDATE
), turn AS (
    SELECT id, booked_until, extract(EPOCH FROM booked_until - at) - %(ahead_seconds)s AS wait_seconds FROM clock
)
UPDATE inbox_account AS a
SET calls_booked_until = CASE
    WHEN turn.wait_seconds <= 0 THEN turn.booked_until + make_interval(secs => %(interval_seconds)s)
    ELSE a.calls_booked_until
END
FROM turn WHERE a.id = turn.id
RETURNING greatest(0, turn.wait_seconds)::float8;

-- name: wanted_due
-- in: account_id, now, limit. out: orders to be fetched, those that wait longest first. Index: inbox_wanted_unique.
SELECT object_id, since, tries FROM inbox_wanted
WHERE account_id = %(account_id)s AND (not_before IS NULL OR not_before <= %(now)s)
ORDER BY since, object_id LIMIT %(limit)s;

-- name: put_off_wanted
-- in: account_id, object_id, error, not_before. Notes that an order could not be fetched.
UPDATE inbox_wanted
SET tries = least(tries + 1, 30000), last_error = %(error)s, not_before = %(not_before)s
WHERE account_id = %(account_id)s AND object_id = %(object_id)s;

-- name: put_off_all_wanted
-- in: account_id, not_before. Nothing of the account is fetched before then.
UPDATE inbox_wanted SET not_before = %(not_before)s
WHERE account_id = %(account_id)s AND (not_before IS NULL OR not_before < %(not_before)s);

-- name: accounts_that_want
-- in: now. out: accounts with orders to be fetched now. Reads inbox_wanted whole, which is short.
SELECT DISTINCT w.account_id FROM inbox_wanted AS w
JOIN inbox_account AS a ON a.id = w.account_id AND a.active
WHERE w.not_before IS NULL OR w.not_before <= %(now)s;

-- name: wait_for_locks
-- in: longest, such as '3s'. From now on this session waits so long for a lock and no longer.
SELECT set_config('lock_timeout', %(longest)s, false);

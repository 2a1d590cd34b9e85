-- Vouchers as shops' own software knows them. Who tells or reads one holds its advisory lock, and nothing else meanwhile.

-- name: at_shops
-- in: ids of vouchers. Index: primary key. No locks.
SELECT s.voucher_id, s.programme_id, s.account_id, a.ref, s.form, s.sealed_customer, s.state, s.native_id, s.sealed_code,
       s.starts_at, s.ends_at, s.attempts, s.last_error, s.told_at, s.read_at
FROM wallet_voucher_at_shop AS s JOIN inbox_account AS a ON a.id = s.account_id
WHERE s.voucher_id = ANY(%(ids)s);

-- name: insert_at_shop
-- in: the row. Writes wallet_voucher_at_shop; one that is there stays.
INSERT INTO wallet_voucher_at_shop (
    voucher_id, programme_id, account_id, form, sealed_customer, state, native_id, sealed_code, starts_at, ends_at, due_at,
    attempts, last_error, created_at
)
VALUES (
    %(voucher_id)s, %(programme_id)s, %(account_id)s, %(form)s, %(sealed_customer)s, 'telling', '', '', %(starts_at)s,
    %(ends_at)s, %(now)s, 0, '', %(now)s
)
ON CONFLICT DO NOTHING;

-- name: due_at_shops
-- in: now, account_id (null = all), at_most. out: account, voucher; of those to be told or called off, longest waiting
-- first. Index: voucher_at_shop_due. No locks.
SELECT s.account_id, s.voucher_id FROM wallet_voucher_at_shop AS s
WHERE s.state IN ('telling', 'calling_off') AND s.due_at <= %(now)s
    AND (%(account_id)s::uuid IS NULL OR s.account_id = %(account_id)s)
ORDER BY s.due_at, s.voucher_id
LIMIT %(at_most)s;

-- name: to_read_at_shops
-- in: now, account_id (null = all), at_most. out: account, voucher; of those that a shop takes and is to be asked about,
-- by account. Index: voucher_at_shop_due. No locks.
SELECT s.account_id, s.voucher_id FROM wallet_voucher_at_shop AS s
WHERE s.state = 'told' AND s.due_at <= %(now)s
    AND (%(account_id)s::uuid IS NULL OR s.account_id = %(account_id)s)
ORDER BY s.due_at, s.voucher_id
LIMIT %(at_most)s;

-- name: try_to_tell
-- in: name of what is told or read. out: true when nobody else is at it; held by the session until stop_telling or its end.
SELECT pg_try_advisory_lock(hashtextextended('voucher at shop ' || %(name)s, 0));

-- name: stop_telling
-- in: name. Gives it free for the next one.
SELECT pg_advisory_unlock(hashtextextended('voucher at shop ' || %(name)s, 0));

-- name: call_off_at_shop
-- in: voucher_id, now. out: true when it was still told or to be told. Writes wallet_voucher_at_shop by primary key.
UPDATE wallet_voucher_at_shop SET state = 'calling_off', due_at = %(now)s, attempts = 0
WHERE voucher_id = %(voucher_id)s AND state IN ('telling', 'told')
RETURNING true;

-- name: note_told
-- in: voucher_id, native_id, sealed_code, now, next_at, over. Writes wallet_voucher_at_shop by primary key. One that is
-- called off meanwhile stays so. over: nothing is to be read of it.
UPDATE wallet_voucher_at_shop
SET state = CASE WHEN %(over)s THEN 'ended' WHEN state = 'telling' THEN 'told' ELSE state END, native_id = %(native_id)s,
    sealed_code = %(sealed_code)s, told_at = %(now)s, attempts = 0, last_error = '',
    due_at = CASE WHEN state = 'telling' THEN %(next_at)s ELSE due_at END
WHERE voucher_id = %(voucher_id)s;

-- name: note_end
-- in: voucher_id, state, error. Writes wallet_voucher_at_shop by primary key.
UPDATE wallet_voucher_at_shop SET state = %(state)s, last_error = %(error)s, attempts = 0
WHERE voucher_id = %(voucher_id)s;

-- name: note_failure
-- in: ids, error, next_at, failed (1, or 0 when the shop only asks to be called later). Writes wallet_voucher_at_shop.
UPDATE wallet_voucher_at_shop
SET attempts = least(attempts + %(failed)s, 30000), last_error = %(error)s, due_at = %(next_at)s
WHERE voucher_id = ANY(%(ids)s);

-- name: note_read
-- in: voucher_id, error, now, next_at, over. Writes wallet_voucher_at_shop by primary key, unless it is being called off.
UPDATE wallet_voucher_at_shop
SET read_at = %(now)s, due_at = %(next_at)s, last_error = %(error)s, attempts = 0,
    state = CASE WHEN %(over)s THEN 'ended' ELSE state END
WHERE voucher_id = %(voucher_id)s AND state = 'told';

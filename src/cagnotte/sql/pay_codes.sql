-- Queries of codes by which members pay at a till.

-- name: drop_unused
-- in: wallet_id. Writes wallet_pay_code: a new code takes the place of those that nobody used. Index: pay_code_of_wallet.
DELETE FROM wallet_pay_code WHERE wallet_id = %(wallet_id)s AND taken_at IS NULL;

-- name: insert
-- in: the row. Writes wallet_pay_code, or nothing when the code is another's.
INSERT INTO wallet_pay_code (
    id, programme_id, wallet_id, bucket, code_hash, maximum_minor, made_at, expires_at, taken_for
)
VALUES (
    %(id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(code_hash)s, %(maximum_minor)s, %(now)s, %(expires_at)s, ''
)
ON CONFLICT (programme_id, code_hash) DO NOTHING;

-- name: by_hash
-- in: programme_id, code_hash. out: columns of PayCodeView. Index: pay_code_unique. No locks.
SELECT id, wallet_id, maximum_minor, made_at, expires_at, taken_at, taken_for FROM wallet_pay_code
WHERE programme_id = %(programme_id)s AND code_hash = %(code_hash)s;

-- name: take
-- in: id, reference, now. Writes wallet_pay_code, unless another order has it by now; its wallet is locked before.
UPDATE wallet_pay_code SET taken_at = %(now)s, taken_for = %(reference)s
WHERE id = %(id)s AND taken_at IS NULL;

-- name: taken_of_wallet
-- in: programme_id, wallet_id, id. out: columns of PayCodeView. Index: primary key. No locks.
SELECT id, wallet_id, maximum_minor, made_at, expires_at, taken_at, taken_for FROM wallet_pay_code
WHERE id = %(id)s AND wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s;

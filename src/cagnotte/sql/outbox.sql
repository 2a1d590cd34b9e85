-- The outbox: facts that no ledger entry tells of, until somebody has taken them.

-- name: tell
-- in: topic, programme_id, keys, at. Writes one row of platform_outbox, in the caller's database transaction.
INSERT INTO platform_outbox (topic, programme_id, keys, at) VALUES (%(topic)s, %(programme_id)s, %(keys)s, %(at)s);

-- name: is_waiting
-- out: whether anything was told and not taken. Index: primary key.
SELECT EXISTS (SELECT FROM platform_outbox);

-- name: take
-- in: at_most. out: topic, programme_id, keys, at, oldest first. Deletes the rows; those another taker has are left out.
-- What is not committed is not seen, and waits for whoever takes next: a slow writer hides nothing. Index: primary key.
WITH taken AS (
    DELETE FROM platform_outbox WHERE id IN (
        SELECT id FROM platform_outbox ORDER BY id LIMIT %(at_most)s FOR UPDATE SKIP LOCKED
    )
    RETURNING id, topic, programme_id, keys, at
)
SELECT topic, programme_id, keys, at FROM taken ORDER BY id;

-- Where a member's address stands inside what others sent: found by the text itself, since no column names it.

-- name: blank_pieces
-- in: programme_id, wallet_id, email (not empty). Writes inbox_piece.data of the member's orders and of orders that are
-- nobody's: the address becomes the word erased. Index: inbox_order_of_wallet, inbox_piece_unique; nobody's are read
-- through. Locks: the rows it changes. "***=" makes the pattern plain text.
UPDATE inbox_piece AS piece
SET data = regexp_replace(piece.data, '***=' || %(email)s, 'erased', 'gi')
FROM inbox_order AS o
WHERE o.id = piece.order_id AND o.programme_id = %(programme_id)s
  AND (o.wallet_id = %(wallet_id)s OR o.wallet_id IS NULL)
  AND piece.data ~* ('***=' || %(email)s);

-- name: blank_attributions
-- in: programme_id, wallet_id, texts (none empty, none inside another word). Writes inbox_order.attribution of the same
-- orders: an address or number that stands there as a whole value becomes the word erased. Locks: the rows it changes.
UPDATE inbox_order AS o
SET attribution = cleaned.attribution
FROM (
    SELECT old.id,
           (SELECT jsonb_object_agg(
                key,
                CASE WHEN key IN ('ref', 'member') AND lower(value #>> '{}') = ANY (%(texts)s) THEN '"erased"'::jsonb
                     WHEN key = 'passed_over' THEN '[]'::jsonb
                     ELSE value END)
            FROM jsonb_each(old.attribution)) AS attribution
    FROM inbox_order AS old
    WHERE old.wallet_id = %(wallet_id)s AND old.programme_id = %(programme_id)s
      AND jsonb_typeof(old.attribution) = 'object'
) AS cleaned
WHERE o.id = cleaned.id AND o.attribution IS DISTINCT FROM cleaned.attribution;

-- name: forget_rejections
-- in: programme_id, email (not empty). Deletes rows of files that were rejected and hold the address. Reads all
-- rejections of the programme. Locks: the rows it deletes.
DELETE FROM purchases_rejection AS r
USING purchases_importedfile AS f, purchases_source AS s
WHERE f.id = r.file_id AND s.id = f.source_id AND s.programme_id = %(programme_id)s
  AND strpos(lower(r.raw::text), lower(%(email)s)) > 0;

-- name: lock_wallet
-- in: programme_id, wallet_id. out: whether it is closed. Locks: the wallet's row. Index: the primary key.
SELECT closed_at IS NOT NULL FROM identity_wallet
WHERE id = %(wallet_id)s AND programme_id = %(programme_id)s
ORDER BY id
FOR NO KEY UPDATE;

-- The inbox: messages in, pieces and orders out of them. Who reads or settles holds the programme's lock (lock_programme).

-- name: lock_programme
-- in: programme_id as text. One reader of a programme at a time, until the end of the transaction; before all other locks.
SELECT pg_advisory_xact_lock(hashtextextended('inbox ' || %(programme_id)s, 0));

-- ---- keeping ----

-- name: note_arrival
-- in: account_id, now. out: the account. Locks its row, so that messages of an account are numbered as they arrive.
UPDATE inbox_account SET last_message_at = greatest(last_message_at, %(now)s) WHERE id = %(account_id)s RETURNING id;

-- name: latest_body
-- in: account_id. out: hash of the message that came last. Index: inbox_message_order. Guarded by the account's row.
SELECT body_sha256 FROM inbox_message WHERE account_id = %(account_id)s ORDER BY id DESC LIMIT 1;

-- name: keep_bodies
-- in: hashes, contents, now. Writes inbox_body in the order of hashes; one that is there is noted as seen again.
INSERT INTO inbox_body AS b (sha256, content, kept_at)
SELECT sha256, content, %(now)s FROM unnest(%(hashes)s::text[], %(contents)s::bytea[]) AS n (sha256, content)
ORDER BY sha256
ON CONFLICT (sha256) DO UPDATE SET kept_at = greatest(b.kept_at, excluded.kept_at);

-- name: keep_messages
-- in: account_id, now, via, signed, one array per column. Writes inbox_message in order of arrival; a message that its
-- source names is kept once. out: ids of the new ones. Index: inbox_message_event_unique.
INSERT INTO inbox_message (account_id, received_at, topic, event_id, headers, body_sha256, via, signed, state, reason, sentence)
SELECT %(account_id)s, %(now)s, n.topic, n.event_id, n.headers::jsonb, n.sha256, %(via)s, %(signed)s, 'new', '', ''
FROM unnest(%(topics)s::text[], %(events)s::text[], %(headers)s::text[], %(hashes)s::text[])
    WITH ORDINALITY AS n (topic, event_id, headers, sha256, place)
ORDER BY n.place
ON CONFLICT (account_id, event_id) WHERE event_id <> '' DO NOTHING
RETURNING id;

-- name: move_cursor
-- in: account_id, cursor. Writes where polling goes on from.
UPDATE inbox_account SET cursor = %(cursor)s WHERE id = %(account_id)s;

-- name: want
-- in: account_id, object_ids, now. Writes inbox_wanted; what is wanted already keeps its time.
INSERT INTO inbox_wanted (account_id, object_id, since, tries, last_error)
SELECT %(account_id)s, object_id, %(now)s, 0, '' FROM unnest(%(object_ids)s::text[]) AS n (object_id) ORDER BY object_id
ON CONFLICT (account_id, object_id) DO NOTHING;

-- name: want_no_more
-- in: account_id, object_ids, since. Deletes what is wanted, unless it was asked for again later.
DELETE FROM inbox_wanted WHERE account_id = %(account_id)s AND object_id = ANY(%(object_ids)s) AND since <= %(since)s;

-- name: forget_bodies
-- in: before. Deletes bodies that have not arrived since; keys and hashes stay with their messages. out: how many.
WITH gone AS (DELETE FROM inbox_body WHERE kept_at < %(before)s RETURNING 1) SELECT count(*)::integer FROM gone;

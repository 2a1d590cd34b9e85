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
-- in: account_id, object_ids, now. Writes inbox_wanted. What is wanted already is wanted anew: an answer to a call that was
-- made before tells nothing of what was hinted at since.
INSERT INTO inbox_wanted AS w (account_id, object_id, since, tries, last_error)
SELECT %(account_id)s, object_id, %(now)s, 0, '' FROM unnest(%(object_ids)s::text[]) AS n (object_id) ORDER BY object_id
ON CONFLICT (account_id, object_id) DO UPDATE SET since = greatest(w.since, excluded.since);

-- name: want_no_more
-- in: account_id, object_ids, since. Deletes what is wanted, unless it was asked for again later.
DELETE FROM inbox_wanted WHERE account_id = %(account_id)s AND object_id = ANY(%(object_ids)s) AND since <= %(since)s;

-- name: forget_bodies
-- in: before. Deletes bodies that have not arrived since; keys and hashes stay with their messages. out: how many.
WITH gone AS (DELETE FROM inbox_body WHERE kept_at < %(before)s RETURNING 1) SELECT count(*)::integer FROM gone;

-- ---- reading ----

-- name: new_messages
-- in: account_id, size, bytes. out: messages to be read with their bytes, in order of arrival, at least one however large it
-- is. Index: inbox_message_waiting. Guarded by the programme's lock.
WITH waiting AS (
    SELECT id, received_at, topic, event_id, headers, body_sha256 FROM inbox_message
    WHERE account_id = %(account_id)s AND state = 'new' ORDER BY id LIMIT %(size)s
), measured AS (
    SELECT w.*, b.content, octet_length(b.content) AS size, sum(octet_length(b.content)) OVER (ORDER BY w.id) AS so_far
    FROM waiting AS w LEFT JOIN inbox_body AS b ON b.sha256 = w.body_sha256
)
SELECT id, received_at, topic, event_id, headers, content FROM measured
WHERE coalesce(so_far - size, 0) < %(bytes)s ORDER BY id;

-- name: messages_again
-- in: ids. out: as new_messages, whatever their state; content is null where the bytes are gone. Index: primary key.
SELECT m.id, m.received_at, m.topic, m.event_id, m.headers, b.content
FROM inbox_message AS m LEFT JOIN inbox_body AS b ON b.sha256 = m.body_sha256
WHERE m.id = ANY(%(ids)s) ORDER BY m.id;

-- name: ids_of_messages
-- in: account_id, ids or null, states, since or null. out: ids of messages to be read again, in order of arrival.
-- Index: inbox_message_order.
SELECT id FROM inbox_message
WHERE account_id = %(account_id)s AND state = ANY(%(states)s)
    AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s)) AND (%(since)s::timestamptz IS NULL OR received_at >= %(since)s)
ORDER BY id;

-- name: pieces_of
-- in: order_ids. out: their pieces. Index: inbox_piece_unique. Guarded by the programme's lock.
SELECT order_id, key, version_at, version_number, weight, data, message_id FROM inbox_piece WHERE order_id = ANY(%(order_ids)s);

-- name: pieces_told_by
-- in: message_ids. out: the pieces that these told, with what their source calls the order. Index: inbox_piece_of_message.
SELECT o.object_id, p.key, p.version_at, p.version_number, p.weight, p.data, p.message_id
FROM inbox_piece AS p JOIN inbox_order AS o ON o.id = p.order_id WHERE p.message_id = ANY(%(message_ids)s);

-- name: touch_orders
-- in: account_id, programme_id, one array per column. Writes inbox_order in the order of ids: new ones, and of known ones when
-- they were told of, and that they are due where one of their pieces changed. Index: primary key.
INSERT INTO inbox_order AS o (
    id, account_id, programme_id, object_id, state, reason, sentence, due, revision, order_ref, order_key, merchant, amounts,
    currency, validation, native_status, first_message_at, last_message_at
)
SELECT n.id, %(account_id)s, %(programme_id)s, n.object_id, 'waiting', '', '', n.due, 0, '', '', '', '{}', '', '', '',
       n.first_at, n.last_at
FROM unnest(%(ids)s::uuid[], %(object_ids)s::text[], %(due)s::boolean[], %(firsts)s::timestamptz[], %(lasts)s::timestamptz[])
    AS n (id, object_id, due, first_at, last_at)
ORDER BY n.id
ON CONFLICT (id) DO UPDATE SET
    due = o.due OR excluded.due,
    first_message_at = least(o.first_message_at, excluded.first_message_at),
    last_message_at = greatest(o.last_message_at, excluded.last_message_at);

-- name: drop_pieces
-- in: order_ids, keys. Deletes pieces that a message no longer tells. Index: inbox_piece_unique.
DELETE FROM inbox_piece AS p USING unnest(%(order_ids)s::uuid[], %(keys)s::text[]) AS n (order_id, key)
WHERE p.order_id = n.order_id AND p.key = n.key;

-- name: put_pieces
-- in: one array per column. Writes inbox_piece in key order; a telling that counts takes the place of the one before.
INSERT INTO inbox_piece AS p (order_id, key, version_at, version_number, weight, data, message_id)
SELECT * FROM unnest(%(order_ids)s::uuid[], %(keys)s::text[], %(times)s::timestamptz[], %(numbers)s::bigint[],
                     %(weights)s::smallint[], %(data)s::text[], %(message_ids)s::bigint[])
    AS n (order_id, key, version_at, version_number, weight, data, message_id)
ORDER BY n.order_id, n.key
ON CONFLICT (order_id, key) DO UPDATE SET
    version_at = excluded.version_at, version_number = excluded.version_number, weight = excluded.weight,
    data = excluded.data, message_id = excluded.message_id;

-- name: note_read
-- in: now, one array per column. Writes how messages were read. Index: primary key.
UPDATE inbox_message AS m SET state = n.state, reason = n.reason, sentence = n.sentence, read_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(sentences)s::text[]) AS n (id, state, reason, sentence)
WHERE m.id = n.id;

-- name: drop_problems
-- in: message_ids. Deletes what was wrong with messages that are read again. Index: inbox_problem_of_message.
DELETE FROM inbox_problem WHERE message_id = ANY(%(message_ids)s);

-- name: put_problems
-- in: one array per column. Writes inbox_problem.
INSERT INTO inbox_problem (message_id, place, reason, sentence)
SELECT * FROM unnest(%(message_ids)s::bigint[], %(places)s::text[], %(reasons)s::text[], %(sentences)s::text[]);

-- ---- settling ----

-- name: next_due
-- in: account_ids, in the order they are asked; skip. out: the first account with an order to be settled. Index: inbox_order_due.
SELECT n.account_id FROM unnest(%(account_ids)s::uuid[]) WITH ORDINALITY AS n (account_id, place)
WHERE EXISTS (
    SELECT FROM inbox_order AS o WHERE o.account_id = n.account_id AND o.due AND NOT o.id = ANY(%(skip)s)
)
ORDER BY n.place LIMIT 1;

-- name: lock_due
-- in: account_id, skip, size. out: orders to be settled. Index: inbox_order_due.
-- Locks them by id, before purchases. Guarded by the programme's lock.
SELECT id, account_id, object_id, state, reason, revision, content_hash, purchase_id, order_key, merchant, occurred_at, amounts,
       validation, wallet_id, attribution, first_message_at
FROM inbox_order WHERE account_id = %(account_id)s AND due AND NOT id = ANY(%(skip)s)
ORDER BY id LIMIT %(size)s FOR NO KEY UPDATE;

-- name: orders_by_id
-- in: ids. out: as lock_due. Index: primary key. Guarded by the programme's lock.
SELECT id, account_id, object_id, state, reason, revision, content_hash, purchase_id, order_key, merchant, occurred_at, amounts,
       validation, wallet_id, attribution, first_message_at
FROM inbox_order WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE;

-- name: orders_alike
-- in: programme_id, account_id, and per order sought: numbers, merchants, keys, wallets, moments; apart, how far in time. out:
-- (number, id) of orders of other accounts that may be the same one: of that number, or of that member and about that time where
-- either has no number; the fifty nearest in time of each sort. Looked up one by one, whatever the statistics say.
-- Index: inbox_order_of_shop, inbox_order_of_wallet, inbox_order_unnumbered.
SELECT n.number, o.id
FROM unnest(%(numbers)s::integer[], %(merchants)s::text[], %(keys)s::text[], %(moments)s::timestamptz[])
    AS n (number, merchant, key, moment)
CROSS JOIN LATERAL (
    SELECT id FROM inbox_order
    WHERE programme_id = %(programme_id)s AND merchant = n.merchant AND order_key = n.key AND order_key <> ''
        AND account_id <> %(account_id)s AND occurred_at IS NOT NULL
    ORDER BY greatest(occurred_at - n.moment, n.moment - occurred_at), id LIMIT 50
) AS o
UNION ALL
SELECT n.number, o.id
FROM unnest(%(numbers)s::integer[], %(merchants)s::text[], %(keys)s::text[], %(wallets)s::uuid[], %(moments)s::timestamptz[])
    AS n (number, merchant, key, wallet_id, moment)
CROSS JOIN LATERAL (
    SELECT id FROM inbox_order
    WHERE wallet_id = n.wallet_id AND merchant = n.merchant
        AND occurred_at BETWEEN n.moment - %(apart)s::interval AND n.moment + %(apart)s::interval
        AND account_id <> %(account_id)s AND programme_id = %(programme_id)s
    ORDER BY greatest(occurred_at - n.moment, n.moment - occurred_at), id LIMIT 50
) AS o
WHERE n.key = ''
UNION ALL
SELECT n.number, o.id
FROM unnest(%(numbers)s::integer[], %(merchants)s::text[], %(keys)s::text[], %(wallets)s::uuid[], %(moments)s::timestamptz[])
    AS n (number, merchant, key, wallet_id, moment)
CROSS JOIN LATERAL (
    SELECT id FROM inbox_order
    WHERE wallet_id = n.wallet_id AND merchant = n.merchant AND order_key = ''
        AND occurred_at BETWEEN n.moment - %(apart)s::interval AND n.moment + %(apart)s::interval
        AND account_id <> %(account_id)s AND programme_id = %(programme_id)s
    ORDER BY greatest(occurred_at - n.moment, n.moment - occurred_at), id LIMIT 50
) AS o
WHERE n.key <> '';

-- name: links_of
-- in: ids. out: links of these orders, from either side: order, other, its account, verdict, reason, who decided.
-- Index: inbox_link_unique, inbox_link_of_other.
SELECT l.order_id, l.other_id, o.account_id, l.verdict, l.reason, l.decided_by
FROM inbox_link AS l JOIN inbox_order AS o ON o.id = l.other_id WHERE l.order_id = ANY(%(ids)s)
UNION ALL
SELECT l.other_id, l.order_id, o.account_id, l.verdict, l.reason, l.decided_by
FROM inbox_link AS l JOIN inbox_order AS o ON o.id = l.order_id WHERE l.other_id = ANY(%(ids)s);

-- name: put_links
-- in: now, decided_by, one array per column. Writes inbox_link; what a person decided is replaced by a person alone.
INSERT INTO inbox_link AS l (order_id, other_id, verdict, reason, sentence, decided_by, decided_at)
SELECT n.order_id, n.other_id, n.verdict, n.reason, n.sentence, %(decided_by)s, %(now)s
FROM unnest(%(order_ids)s::uuid[], %(other_ids)s::uuid[], %(verdicts)s::text[], %(reasons)s::text[], %(sentences)s::text[])
    AS n (order_id, other_id, verdict, reason, sentence)
ORDER BY n.order_id, n.other_id
ON CONFLICT (order_id, other_id) DO UPDATE SET
    verdict = excluded.verdict, reason = excluded.reason, sentence = excluded.sentence, decided_by = excluded.decided_by,
    decided_at = excluded.decided_at
WHERE l.decided_by = '' OR excluded.decided_by <> '';

-- name: drop_links
-- in: order_ids, other_ids. Deletes doubts of the rules that have gone. Index: inbox_link_unique.
DELETE FROM inbox_link AS l USING unnest(%(order_ids)s::uuid[], %(other_ids)s::uuid[]) AS n (order_id, other_id)
WHERE l.order_id = n.order_id AND l.other_id = n.other_id AND l.decided_by = '';

-- name: write_orders
-- in: now, one array per column. Writes how orders stand once they are settled; they are due no longer. Locked before.
UPDATE inbox_order AS o SET
    due = false, settled_at = %(now)s, state = n.state, reason = n.reason, sentence = n.sentence, revision = n.revision,
    content_hash = n.content_hash, purchase_id = n.purchase_id, order_ref = n.order_ref, order_key = n.order_key,
    merchant = n.merchant, occurred_at = n.occurred_at, amount_minor = n.amount_minor, amounts = n.amounts::bigint[],
    currency = n.currency, validation = n.validation, native_status = n.native_status, wallet_id = n.wallet_id,
    attribution = n.attribution::jsonb
FROM unnest(
    %(id)s::uuid[], %(state)s::text[], %(reason)s::text[], %(sentence)s::text[], %(revision)s::integer[],
    %(content_hash)s::bytea[], %(purchase_id)s::uuid[], %(order_ref)s::text[], %(order_key)s::text[], %(merchant)s::text[],
    %(occurred_at)s::timestamptz[], %(amount_minor)s::bigint[], %(amounts)s::text[], %(currency)s::text[],
    %(validation)s::text[], %(native_status)s::text[], %(wallet_id)s::uuid[], %(attribution)s::text[]
) AS n (id, state, reason, sentence, revision, content_hash, purchase_id, order_ref, order_key, merchant, occurred_at,
        amount_minor, amounts, currency, validation, native_status, wallet_id, attribution)
WHERE o.id = n.id;

-- name: write_states
-- in: now, one array per column. Writes what became of orders whose facts are not known; these stay as they are. Locked before.
UPDATE inbox_order AS o SET due = false, settled_at = %(now)s, state = n.state, reason = n.reason, sentence = n.sentence
FROM unnest(%(id)s::uuid[], %(state)s::text[], %(reason)s::text[], %(sentence)s::text[]) AS n (id, state, reason, sentence)
WHERE o.id = n.id;

-- name: mark_due
-- in: ids. Orders to be settled again, because something that decides about them changed. Index: primary key.
UPDATE inbox_order SET due = true WHERE id = ANY(%(ids)s) AND NOT due;

-- name: step_down
-- in: ids. Orders whose purchase no longer counts, since another source tells of the same order; they are settled next.
UPDATE inbox_order SET due = true, content_hash = null WHERE id = ANY(%(ids)s);

-- name: mark_due_by_state
-- in: account_ids, states, since or null. Orders to be settled again, by what they wait for. out: how many.
-- Index: inbox_order_queue.
WITH marked AS (
    UPDATE inbox_order SET due = true
    WHERE account_id = ANY(%(account_ids)s) AND state = ANY(%(states)s)
        AND (%(since)s::timestamptz IS NULL OR last_message_at >= %(since)s)
    RETURNING 1
)
SELECT count(*)::integer FROM marked;

-- name: purchases_of
-- in: programme_id, source_id, native_ids. out: the purchases that stand for orders. Index: purchase_key.
SELECT native_id, id FROM purchases_purchase
WHERE programme_id = %(programme_id)s AND source_id = %(source_id)s AND native_id = ANY(%(native_ids)s);

-- name: unrecorded
-- in: ids. out: those of these orders that are in the inbox and stand for no purchase. Index: primary key. Locks: none.
SELECT id FROM inbox_order WHERE id = ANY(%(ids)s) AND purchase_id IS NULL;

-- name: note_recorded
-- in: one array per column. Orders that were recorded by another road than settling; settled next, which changes nothing of
-- their purchases. Locked before.
UPDATE inbox_order AS o SET due = true, state = 'standing', reason = '', sentence = '', purchase_id = n.purchase_id,
    wallet_id = n.wallet_id, attribution = n.attribution::jsonb, content_hash = n.content_hash
FROM unnest(%(ids)s::uuid[], %(purchase_ids)s::uuid[], %(wallet_ids)s::uuid[], %(attributions)s::text[], %(hashes)s::bytea[])
    AS n (id, purchase_id, wallet_id, attribution, content_hash)
WHERE o.id = n.id;

-- name: members_of
-- in: wallet_ids. out: their members, who joined first coming first. Index: of the foreign key.
SELECT m.wallet_id, m.ref, m.id, w.bucket, m.segments
FROM identity_member AS m JOIN identity_wallet AS w ON w.id = m.wallet_id
WHERE m.wallet_id = ANY(%(wallet_ids)s) ORDER BY m.joined_on, m.ref;

-- name: assign
-- in: id, wallet_id, attribution. A person says whose an order is; it is settled next. Locked before.
UPDATE inbox_order SET due = true, wallet_id = %(wallet_id)s, attribution = %(attribution)s WHERE id = %(id)s;

-- ---- what waits ----

-- name: queue
-- in: account_ids, states, limit. out: orders that wait, those told of last coming first, with whom they are in doubt.
-- Rows of statements that are of no shop of ours wait for nobody. Index: inbox_order_queue.
SELECT o.id, o.account_id, o.object_id, o.state, o.reason, o.sentence, o.merchant, o.order_ref, o.occurred_at, o.amount_minor,
       o.currency, o.attribution, o.last_message_at,
       coalesce((
           SELECT array_agg(CASE WHEN l.order_id = o.id THEN l.other_id ELSE l.order_id END ORDER BY l.id)
           FROM inbox_link AS l WHERE (l.order_id = o.id OR l.other_id = o.id) AND l.verdict <> 'distinct'
       ), '{}')
FROM inbox_order AS o WHERE o.account_id = ANY(%(account_ids)s) AND o.state = ANY(%(states)s)
  AND o.reason <> 'other_shop'
ORDER BY o.last_message_at DESC, o.id LIMIT %(limit)s;

-- name: counts
-- in: account_ids. out: account, state, how many orders, of the oldest when it was told of last; without rows of statements
-- that are of no shop of ours. Reads the accounts' orders.
SELECT account_id, state, count(*)::integer, min(last_message_at) FROM inbox_order
WHERE account_id = ANY(%(account_ids)s) AND reason <> 'other_shop' GROUP BY account_id, state;

-- name: message_counts
-- in: account_ids. out: account, state, how many messages are new or unreadable, since when. Index: inbox_message_waiting.
SELECT account_id, state, count(*)::integer, min(received_at) FROM inbox_message
WHERE account_id = ANY(%(account_ids)s) AND state IN ('new', 'unreadable') GROUP BY account_id, state;

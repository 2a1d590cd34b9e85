-- Deliveries: events on their way to who asked for them.

-- name: enqueue
-- in: numbers of events just written, now, and two arrays that say which listener has a word for which type. Writes
-- notices_delivery for each endpoint that asked for them, and each listener.
INSERT INTO notices_delivery (
    programme_id, recipient_id, event_number, object_id, state, attempts, next_at, created_at, sentence
)
SELECT e.programme_id, w.id, e.number, e.object_id, 'pending', 0, %(now)s, %(now)s, ''
FROM notices_event AS e
CROSS JOIN LATERAL (
    SELECT id FROM notices_webhookendpoint
    WHERE programme_id = e.programme_id AND disabled_at IS NULL AND (event_types = '{}' OR e.type = ANY(event_types))
    UNION ALL
    SELECT l.id FROM unnest(%(listener_ids)s::uuid[], %(listener_types)s::text[]) AS n (id, type)
    JOIN notices_connectedlistener AS l ON l.id = n.id AND l.programme_id = e.programme_id AND l.disabled_at IS NULL
    WHERE n.type = e.type
) AS w
WHERE e.number = ANY(%(numbers)s)
ORDER BY w.id, e.number
ON CONFLICT (recipient_id, event_number) DO NOTHING;

-- name: claim
-- in: now, until, at_most of each endpoint. out: columns of Claimed. Takes deliveries that are due for one worker until a
-- moment, so that no other sends them: the first of each object alone, since the next waits until it is there, and of an
-- endpoint that fails one at a time. Index: delivery_due, delivery_order. Locks the rows it takes; skips locked ones.
WITH due AS MATERIALIZED (
    SELECT d.number FROM notices_webhookendpoint AS w
    CROSS JOIN LATERAL (
        SELECT d.number FROM notices_delivery AS d
        WHERE d.recipient_id = w.id AND d.state = 'pending' AND d.next_at <= %(now)s
            AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
            AND NOT EXISTS (
                SELECT FROM notices_delivery AS before
                WHERE before.recipient_id = d.recipient_id AND before.object_id = d.object_id
                    AND before.state = 'pending' AND before.event_number < d.event_number
            )
        ORDER BY d.next_at, d.number
        LIMIT CASE WHEN w.failing_since IS NULL THEN %(at_most)s ELSE 1 END
        FOR NO KEY UPDATE SKIP LOCKED
    ) AS d
    WHERE w.disabled_at IS NULL
), taken AS (
    UPDATE notices_delivery AS d SET leased_until = %(until)s
    FROM due WHERE d.number = due.number
    RETURNING d.number, d.recipient_id, d.event_number, d.attempts
)
SELECT t.number, t.attempts, w.id, w.url, w.envelope, w.sealed_secret,
       CASE WHEN w.before_until > %(now)s THEN w.sealed_before ELSE '' END, p.slug,
       e.id, e.type, e.object_id, e.created_at, e.data
FROM taken AS t
JOIN notices_webhookendpoint AS w ON w.id = t.recipient_id
JOIN identity_programme AS p ON p.id = w.programme_id
JOIN notices_event AS e ON e.number = t.event_number
ORDER BY t.number;

-- name: claim_of
-- in: recipient_id (a listener), now, until, at_most. out: number, attempts, number of the event, in order. As `claim`.
WITH due AS MATERIALIZED (
    SELECT d.number FROM notices_delivery AS d
    WHERE d.recipient_id = %(recipient_id)s AND d.state = 'pending' AND d.next_at <= %(now)s
        AND (d.leased_until IS NULL OR d.leased_until <= %(now)s)
        AND NOT EXISTS (
            SELECT FROM notices_delivery AS before
            WHERE before.recipient_id = d.recipient_id AND before.object_id = d.object_id
                AND before.state = 'pending' AND before.event_number < d.event_number
        )
    ORDER BY d.next_at, d.number
    LIMIT %(at_most)s
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE notices_delivery AS d SET leased_until = %(until)s
    FROM due WHERE d.number = due.number
    RETURNING d.number, d.attempts, d.event_number
)
SELECT number, attempts, event_number FROM taken ORDER BY event_number;

-- name: note
-- in: number, state, attempts, next_at, finished_at (null while pending), sentence. Ends the lease. A delivery that is no
-- longer pending, such as one whose endpoint was switched off meanwhile, keeps its state unless it arrived.
UPDATE notices_delivery
SET state = CASE WHEN state = 'pending' OR %(state)s = 'delivered' THEN %(state)s ELSE state END,
    attempts = %(attempts)s, next_at = %(next_at)s, leased_until = NULL, finished_at = %(finished_at)s,
    sentence = %(sentence)s
WHERE number = %(number)s;

-- name: write_attempt
-- in: the row. Writes notices_attempt.
INSERT INTO notices_attempt (delivery_number, at, duration_ms, status, sentence, answer)
VALUES (%(number)s, %(at)s, %(duration_ms)s, %(status)s, %(sentence)s, %(answer)s);

-- name: endpoint_well
-- in: endpoint_id. Notes that an endpoint answers again. Writes nothing while it never failed.
UPDATE notices_webhookendpoint SET failing_since = NULL WHERE id = %(endpoint_id)s AND failing_since IS NOT NULL;

-- name: endpoint_fails
-- in: endpoint_id, now. Notes the first failure after the last success. out: since when.
UPDATE notices_webhookendpoint SET failing_since = coalesce(failing_since, %(now)s) WHERE id = %(endpoint_id)s
RETURNING failing_since;

-- name: switch_off
-- in: endpoint_id, now, because, sentence. Writes notices_webhookendpoint, and gives up what is still on its way there.
WITH off AS (
    UPDATE notices_webhookendpoint SET disabled_at = %(now)s, disabled_because = %(because)s
    WHERE id = %(endpoint_id)s AND disabled_at IS NULL
)
UPDATE notices_delivery SET state = 'failed', finished_at = %(now)s, leased_until = NULL, sentence = %(sentence)s
WHERE recipient_id = %(endpoint_id)s AND state = 'pending';

-- name: again
-- in: recipient_id, programme_id, event_number, now. Writes the delivery of one event anew, whatever became of it, also
-- where there was none yet; it begins with a first attempt. out: its number. Index: delivery_unique.
INSERT INTO notices_delivery (
    programme_id, recipient_id, event_number, object_id, state, attempts, next_at, created_at, sentence
)
SELECT e.programme_id, %(recipient_id)s, e.number, e.object_id, 'pending', 0, %(now)s, %(now)s, ''
FROM notices_event AS e WHERE e.number = %(event_number)s AND e.programme_id = %(programme_id)s
ON CONFLICT (recipient_id, event_number) DO UPDATE
SET state = 'pending', attempts = 0, next_at = excluded.next_at, finished_at = NULL, sentence = ''
RETURNING number;

-- name: again_since
-- in: recipient_id, programme_id, types (empty = all), since, only_lost, now. As `again`, of all events made since a moment; only_lost:
-- those that never arrived. What is pending stays as it is. out: how many. Index: event_age, delivery_unique.
WITH written AS (
    INSERT INTO notices_delivery AS d (
        programme_id, recipient_id, event_number, object_id, state, attempts, next_at, created_at, sentence
    )
    SELECT e.programme_id, %(recipient_id)s, e.number, e.object_id, 'pending', 0, %(now)s, %(now)s, ''
    FROM notices_event AS e
    WHERE e.programme_id = %(programme_id)s AND e.made_at >= %(since)s AND e.type <> 'webhook_endpoint.test'
        AND (%(types)s::text[] = '{}' OR e.type = ANY(%(types)s::text[]))
    ORDER BY e.number
    ON CONFLICT (recipient_id, event_number) DO UPDATE
    SET state = 'pending', attempts = 0, next_at = excluded.next_at, finished_at = NULL, sentence = ''
    WHERE d.state = 'failed' OR (d.state <> 'pending' AND NOT %(only_lost)s)
    RETURNING d.number
)
SELECT count(*) FROM written;

-- name: page
-- in: recipient_id, before (a number, or null), count, state (or null). out: rows of deliveries, newest first, with
-- their events and their last attempt. Index: delivery_unique backwards, attempt_of_delivery. No locks.
SELECT d.number, d.state, d.attempts, d.next_at, d.created_at, d.finished_at, d.sentence, d.event_number,
       e.id, e.type, e.object_id, a.at, a.status, a.duration_ms, a.sentence, a.answer
FROM notices_delivery AS d
JOIN notices_event AS e ON e.number = d.event_number
LEFT JOIN LATERAL (
    SELECT at, status, duration_ms, sentence, answer FROM notices_attempt
    WHERE delivery_number = d.number ORDER BY id DESC LIMIT 1
) AS a ON true
WHERE d.recipient_id = %(recipient_id)s
    AND (%(before)s::bigint IS NULL OR d.event_number < %(before)s::bigint)
    AND (%(event_id)s::uuid IS NULL OR e.id = %(event_id)s::uuid)
    AND (%(state)s::text IS NULL OR d.state = %(state)s::text)
ORDER BY d.event_number DESC LIMIT %(count)s;

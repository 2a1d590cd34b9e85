-- What members are told, and how they want to be told.

-- name: write_notices
-- in: one array per column. Writes notices_notice, but those that stand there already. out: ids of those written.
INSERT INTO notices_notice (id, programme_id, wallet_id, bucket, kind, facts, at, in_centre)
SELECT n.id, n.programme_id, n.wallet_id, n.bucket, n.kind, n.facts::jsonb, n.at, n.in_centre
FROM unnest(%(ids)s::uuid[], %(programme_ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::int[], %(kinds)s::text[],
            %(facts)s::text[], %(at)s::timestamptz[], %(in_centre)s::boolean[])
    WITH ORDINALITY AS n (id, programme_id, wallet_id, bucket, kind, facts, at, in_centre, place)
ORDER BY n.place
ON CONFLICT (id) DO NOTHING
RETURNING id;

-- name: recipients
-- in: wallet_ids. out: wallet, its programme's zone, quiet hours (kept, begins, ends; null = usual), whether somebody signs in
-- as its member, and whether there is a device. Index: primary keys, members by wallet, device_of_wallet. No locks.
SELECT w.id, p.timezone, q.kept, q.begins, q.ends,
       EXISTS (
           SELECT FROM identity_member AS m JOIN identity_membership AS s ON s.member_id = m.id WHERE m.wallet_id = w.id
       ),
       EXISTS (SELECT FROM notices_pushdevice AS d WHERE d.wallet_id = w.id)
FROM identity_wallet AS w
JOIN identity_programme AS p ON p.id = w.programme_id
LEFT JOIN notices_quiethours AS q ON q.wallet_id = w.id
WHERE w.id = ANY(%(wallet_ids)s);

-- name: choices
-- in: wallet_ids. out: wallet, topic, and its choice. Index: choice_unique. No locks.
SELECT wallet_id, topic, email, push, in_centre FROM notices_choice WHERE wallet_id = ANY(%(wallet_ids)s);

-- name: write_letters
-- in: one array per column, notice_ids joined by commas; now. Adds notices to the letter of their kind that still gathers, else
-- begins one. Sorted by the caller, so that two who write for the same wallets wait for each other in one order.
INSERT INTO notices_letter AS l (
    id, programme_id, wallet_id, bucket, channel, kind, notice_ids, state, attempts, next_at, created_at, sentence
)
SELECT n.id, n.programme_id, n.wallet_id, n.bucket, n.channel, n.kind, string_to_array(n.notice_ids, ',')::uuid[],
       'gathering', 0, n.next_at, %(now)s, ''
FROM unnest(%(ids)s::uuid[], %(programme_ids)s::uuid[], %(wallet_ids)s::uuid[], %(buckets)s::int[], %(channels)s::text[],
            %(kinds)s::text[], %(notice_ids)s::text[], %(next_at)s::timestamptz[])
    WITH ORDINALITY AS n (id, programme_id, wallet_id, bucket, channel, kind, notice_ids, next_at, place)
ORDER BY n.place
ON CONFLICT (wallet_id, channel, kind) WHERE state = 'gathering'
DO UPDATE SET notice_ids = l.notice_ids || excluded.notice_ids, next_at = least(l.next_at, excluded.next_at);

-- name: is_waiting
-- in: types. out: whether there are events that members are not told of. Index: primary key. No locks.
SELECT EXISTS (
    SELECT FROM notices_event WHERE number > (SELECT number FROM notices_members_mark) AND type = ANY(%(types)s)
);

-- name: take_mark
-- out: the number of the last event that members are told of; no row while another session tells. Locks the one row.
SELECT number FROM notices_members_mark ORDER BY number FOR UPDATE SKIP LOCKED;

-- name: events_to_tell
-- in: mark, types, at_most. out: number, and id, programme, wallet, type, data (as text), moment, whether somebody signs in as
-- the wallet's member, in order. Events of these types are numbered by one teller at a time, so none appears below the mark.
-- Index: primary key, members by wallet. No locks.
SELECT e.number, e.id, e.programme_id, e.wallet_id, e.type, e.data::text, e.created_at,
       e.wallet_id IS NOT NULL AND EXISTS (
           SELECT FROM identity_member AS m JOIN identity_membership AS s ON s.member_id = m.id
           WHERE m.wallet_id = e.wallet_id
       )
FROM notices_event AS e
WHERE e.number > %(mark)s AND e.type = ANY(%(types)s)
ORDER BY e.number LIMIT %(at_most)s;

-- name: move_mark
-- in: number. Writes the one row of notices_members_mark.
UPDATE notices_members_mark SET number = %(number)s;

-- name: shop_names
-- in: ids. out: id, name and reference of shops. Index: primary key. No locks.
SELECT id, name, ref FROM identity_party WHERE id = ANY(%(ids)s);

-- name: page
-- in: wallet_id, before (a number, or null for the newest), unread_only, count. out: notices of the centre, newest first.
-- Index: notice_of_wallet, backwards. No locks.
SELECT number, id, kind, facts::text, at, read_at FROM notices_notice
WHERE wallet_id = %(wallet_id)s AND in_centre
    AND (%(before)s::bigint IS NULL OR number < %(before)s::bigint)
    AND (NOT %(unread_only)s OR read_at IS NULL)
ORDER BY number DESC LIMIT %(count)s;

-- name: one
-- in: wallet_id, id. out: as `page`. Index: the unique id. No locks.
SELECT number, id, kind, facts::text, at, read_at FROM notices_notice WHERE id = %(id)s AND wallet_id = %(wallet_id)s;

-- name: some
-- in: ids. out: as `page`, and the wallet, in the order in which they were told. Index: the unique id. No locks.
SELECT number, id, kind, facts::text, at, read_at FROM notices_notice WHERE id = ANY(%(ids)s) ORDER BY number;

-- name: unread
-- in: wallet_id, at_most. out: how many notices wait to be read; at_most stands for all beyond. Index: notice_unread. No locks.
SELECT count(*) FROM (
    SELECT FROM notices_notice WHERE wallet_id = %(wallet_id)s AND read_at IS NULL AND in_centre LIMIT %(at_most)s
) AS found;

-- name: read_one
-- in: wallet_id, id, now. Notes that a notice was read. Index: the unique id.
UPDATE notices_notice SET read_at = %(now)s
WHERE id = %(id)s AND wallet_id = %(wallet_id)s AND read_at IS NULL;

-- name: read_all
-- in: wallet_id, up_to (a number), now. Notes that all notices were read, but those that came after. Index: notice_unread.
UPDATE notices_notice SET read_at = %(now)s
WHERE wallet_id = %(wallet_id)s AND read_at IS NULL AND in_centre AND number <= %(up_to)s;

-- name: drop_notices
-- in: before, at_most. Deletes notices of former days. Index: notice_age.
DELETE FROM notices_notice WHERE number IN (
    SELECT number FROM notices_notice WHERE at < %(before)s ORDER BY at LIMIT %(at_most)s
);

-- name: expiring
-- in: programme_id, today, until. out: wallet, last day, and what expires after it, of members that somebody signs in as.
-- Index: memberships of a programme, lots that are left of a wallet. No locks.
SELECT l.wallet_id, l.expires_on, sum(l.remaining_minor)::bigint
FROM (
    SELECT DISTINCT m.wallet_id FROM identity_membership AS s JOIN identity_member AS m ON m.id = s.member_id
    WHERE s.programme_id = %(programme_id)s
) AS w
JOIN rewards_lot AS l ON l.wallet_id = w.wallet_id
WHERE l.remaining_minor > 0 AND l.expires_on >= %(today)s AND l.expires_on <= %(until)s
GROUP BY l.wallet_id, l.expires_on ORDER BY l.wallet_id, l.expires_on;

-- name: idle_money
-- in: programme_id, today, since (a day), least_minor. out: wallet, and what is available, of members that somebody signs in as
-- whose money lies there since that day or before; not what was to be spent before today. Index: as `expiring`. No locks.
SELECT l.wallet_id, sum(l.remaining_minor)::bigint
FROM (
    SELECT DISTINCT m.wallet_id FROM identity_membership AS s JOIN identity_member AS m ON m.id = s.member_id
    JOIN identity_wallet AS own ON own.id = m.wallet_id
    WHERE s.programme_id = %(programme_id)s AND own.closed_at IS NULL AND NOT own.frozen
) AS w
JOIN rewards_lot AS l ON l.wallet_id = w.wallet_id
WHERE l.remaining_minor > 0 AND (l.expires_on IS NULL OR l.expires_on >= %(today)s)
GROUP BY l.wallet_id
HAVING sum(l.remaining_minor) >= %(least_minor)s AND max(l.available_on) <= %(since)s
ORDER BY l.wallet_id;

-- Enrolment: members and their wallets, by whole sets. One database transaction per run's chunk.

-- name: member_index
-- in: programme_id. out: ref, wallet_id, member_id, in no order. Reads the programme's members. No locks.
SELECT ref, wallet_id, id FROM identity_member WHERE programme_id = %(programme_id)s;

-- name: create_member_stage
-- Makes the stage that one chunk fills by COPY; it vanishes with the database transaction.
CREATE TEMPORARY TABLE member_stage (
    line integer, id uuid, wallet_id uuid, bucket smallint, address_key text, ref text, name text, email text,
    country text, locale text, segments text[], joined_on date
) ON COMMIT DROP;

-- name: drop_erased
-- in: the stage. Takes out of it whom the programme has erased: the member's row stands under another number. Index:
-- the members' primary key.
DELETE FROM member_stage USING identity_member AS gone
WHERE gone.id = member_stage.id AND gone.ref <> member_stage.ref;

-- name: open_wallets
-- in: programme_id, now, and the stage. Writes identity_wallet where missing, in key order. Index: the primary key.
INSERT INTO identity_wallet (id, programme_id, bucket, opened_at, frozen)
SELECT DISTINCT wallet_id, %(programme_id)s::uuid, bucket, %(now)s::timestamptz, false FROM member_stage ORDER BY wallet_id
ON CONFLICT (id) DO NOTHING;

-- name: merge_members
-- in: programme_id, today, now, and the stage, where null means that the file says nothing: what stands then stays.
-- Writes identity_member: new members, and known ones whose facts differ, in the order of their keys; of the new ones
-- platform_outbox is told.
-- out: new, changed. Index: member_ref_unique. Locks: the rows it changes.
WITH latest AS (
    -- The last row of a member counts, as if the rows had come one by one.
    SELECT DISTINCT ON (ref) * FROM member_stage ORDER BY ref, line DESC
), written AS (
    INSERT INTO identity_member AS m
        (id, programme_id, wallet_id, ref, name, email, country, locale, segments, joined_on)
    SELECT l.id, %(programme_id)s, l.wallet_id, l.ref, coalesce(l.name, known.name, ''),
           coalesce(l.email, known.email, ''), coalesce(l.country, known.country, ''),
           coalesce(l.locale, known.locale, 'fr'), coalesce(l.segments, known.segments, '{}'),
           coalesce(l.joined_on, known.joined_on, %(today)s)
    FROM latest AS l
    LEFT JOIN identity_member AS known ON known.programme_id = %(programme_id)s AND known.ref = l.ref
    ORDER BY l.ref
    ON CONFLICT (programme_id, ref) DO UPDATE SET
        name = excluded.name, email = excluded.email, country = excluded.country, locale = excluded.locale,
        segments = excluded.segments, joined_on = excluded.joined_on
    WHERE (m.name, m.email, m.country, m.locale, m.segments, m.joined_on) IS DISTINCT FROM
          (excluded.name, excluded.email, excluded.country, excluded.locale, excluded.segments, excluded.joined_on)
    -- A row that was just inserted has never been locked or deleted by anybody.
    RETURNING m.id, xmax = 0 AS is_new
), told AS (
    INSERT INTO platform_outbox (topic, programme_id, keys, at)
    SELECT 'member.joined', %(programme_id)s::uuid, array_agg(id ORDER BY id), %(now)s::timestamptz FROM written WHERE is_new
    HAVING count(*) > 0
)
SELECT count(*) FILTER (WHERE is_new)::integer, count(*) FILTER (WHERE NOT is_new)::integer FROM written;

-- name: drop_old_address_keys
-- in: programme_id, and the stage. Deletes from identity_memberkey the addresses of members who have another now, or
-- none. Index: that of its wallets. Locks: the rows it deletes.
DELETE FROM identity_memberkey AS held USING (
    SELECT DISTINCT ON (ref) wallet_id, address_key FROM member_stage
    WHERE address_key IS NOT NULL ORDER BY ref, line DESC
) AS latest
WHERE held.wallet_id = latest.wallet_id AND held.programme_id = %(programme_id)s AND held.kind = 'email'
      AND held.value <> latest.address_key;

-- name: link_addresses
-- in: programme_id, now, and the stage. Writes identity_memberkey where missing, in key order.
-- Index: member_key_of_wallet.
INSERT INTO identity_memberkey (programme_id, kind, value, wallet_id, since)
SELECT %(programme_id)s::uuid, 'email', address_key, wallet_id, %(now)s::timestamptz
FROM (
    SELECT DISTINCT ON (ref) wallet_id, address_key FROM member_stage
    WHERE address_key IS NOT NULL ORDER BY ref, line DESC
) AS latest
WHERE address_key <> '' ORDER BY address_key, wallet_id
ON CONFLICT DO NOTHING;

-- name: delete_keys_of
-- in: programme_id, wallet_id. Deletes what a member is recognised by beside their number. Index: that of its wallets.
DELETE FROM identity_memberkey WHERE wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s;

-- name: drop_member_stage
-- Makes room for the next set in the same database transaction.
DROP TABLE member_stage;

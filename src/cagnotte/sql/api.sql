-- The REST interface: who calls, how often, and what was answered. Every query touches a handful of rows by key.

-- name: admit
-- in: secret_hash, address (of a browser, or empty), quota, refill_per_second, now.
-- out: the key with its programme, whether this request is within its quota, and how many are left; no row when nobody
-- holds such a key. Writes identity_apibucket (one row) and, once a minute, identity_apikey.last_used_at.
-- Index: secret_hash, primary keys.
WITH found AS (
    SELECT
        k.id, k.kind, k.mode, k.scopes, k.origins, k.api_version, k.expires_at, k.revoked_at, p.id AS programme_id,
        p.slug, p.currency, p.timezone, k.last_used_at
    FROM identity_apikey AS k JOIN identity_programme AS p ON p.id = k.programme_id
    WHERE k.secret_hash = %(secret_hash)s
), noted AS (
    UPDATE identity_apikey SET last_used_at = %(now)s
    WHERE id = (
        SELECT id FROM found
        WHERE revoked_at IS NULL AND coalesce(last_used_at < %(now)s::timestamptz - interval '1 minute', true)
    )
), taken AS (
    INSERT INTO identity_apibucket AS b (id, level, filled_at, admitted)
    SELECT found.id || %(address)s, %(quota)s - 1, %(now)s, true FROM found WHERE revoked_at IS NULL
    ON CONFLICT (id) DO UPDATE SET (level, filled_at, admitted) = (
        SELECT
            CASE WHEN available >= 1 THEN available - 1 ELSE available END,
            greatest(b.filled_at, excluded.filled_at), available >= 1
        FROM (
            SELECT least(
                %(quota)s, b.level + %(refill_per_second)s
                * greatest(date_part('epoch', excluded.filled_at - b.filled_at), 0)
            )
        ) AS filled (available)
    )
    RETURNING level, admitted
)
SELECT
    found.id, found.programme_id, found.slug, found.currency, found.timezone, found.kind, found.mode, found.scopes,
    found.origins, found.api_version, found.expires_at, found.revoked_at, taken.admitted, taken.level
FROM found LEFT JOIN taken ON true;

-- name: note_call
-- in: the row. Writes identity_apicall. The request does not wait for the disk: a crash may lose the last lines.
INSERT INTO identity_apicall (
    id, at, programme_id, key_id, method, path, status, duration_ms, code, objects_named
)
SELECT
    %(id)s, %(at)s, %(programme_id)s, %(key_id)s, %(method)s, %(path)s, %(status)s, %(duration_ms)s, %(code)s,
    %(objects_named)s
FROM set_config('synchronous_commit', 'off', true);

-- name: try_token
-- in: lock (64 bits of programme and token). out: whether this database transaction has the token for itself.
SELECT pg_try_advisory_xact_lock(%(lock)s);

-- name: answer_of_token
-- in: programme_id, token, now. out: what the token was answered. Index: api_answer_unique.
SELECT fingerprint, status, headers::text, sealed_body FROM identity_apianswer
WHERE programme_id = %(programme_id)s AND token = %(token)s AND expires_at > %(now)s;

-- name: keep_answer
-- in: the row. Writes identity_apianswer, over one that has expired. Index: api_answer_unique.
INSERT INTO identity_apianswer (
    programme_id, token, fingerprint, status, headers, sealed_body, answered_at, expires_at
)
VALUES (
    %(programme_id)s, %(token)s, %(fingerprint)s, %(status)s, %(headers)s::jsonb, %(sealed_body)s, %(now)s,
    %(expires_at)s
)
ON CONFLICT (programme_id, token) DO UPDATE SET
    fingerprint = excluded.fingerprint, status = excluded.status, headers = excluded.headers,
    sealed_body = excluded.sealed_body, answered_at = excluded.answered_at, expires_at = excluded.expires_at;

-- name: drop_answers
-- in: now. Deletes what may be asked again no longer. Index: api_answer_age.
DELETE FROM identity_apianswer WHERE expires_at <= %(now)s;

-- name: drop_calls
-- in: before. Deletes the log up to a moment. Index: api_call_age.
DELETE FROM identity_apicall WHERE at < %(before)s;

-- name: drop_buckets
-- in: before. Deletes buckets that are full again.
DELETE FROM identity_apibucket WHERE filled_at < %(before)s;

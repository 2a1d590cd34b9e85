-- The daily run of a programme: one worker at a time.

-- name: begin_night
-- in: programme_id. An advisory lock, held by the session. No row is touched.
SELECT pg_try_advisory_lock(hashtextextended('night ' || %(programme_id)s, 0));

-- name: end_night
-- in: programme_id. Gives the lock of `begin_night` back.
SELECT pg_advisory_unlock(hashtextextended('night ' || %(programme_id)s, 0));

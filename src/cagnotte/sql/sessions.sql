-- Sessions of who signed in, and where from: tables of Django and of allauth, which delete nothing of them by themselves.

-- name: drop_sessions
-- in: now, at_most. Deletes sessions that have ended. Index: expire_date. Locks: the rows it deletes.
DELETE FROM django_session
WHERE session_key IN (
    SELECT session_key FROM django_session WHERE expire_date < %(now)s LIMIT %(at_most)s
);

-- name: drop_user_sessions
-- in: at_most. Deletes what is kept of sessions that are gone: IP address, browser, last visit. Reads all of both tables' keys.
-- Locks: the rows it deletes. A session is committed before what is kept of it.
DELETE FROM usersessions_usersession
WHERE id IN (
    SELECT seen.id FROM usersessions_usersession AS seen
    LEFT JOIN django_session AS kept ON kept.session_key = seen.session_key
    WHERE kept.session_key IS NULL
    LIMIT %(at_most)s
);

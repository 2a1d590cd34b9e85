-- Letters: notices on their way to members, by e-mail or to their devices.

-- name: claim
-- in: channel, now, until, at_most. out: number, id, programme (slug, name), wallet, kind, notice_ids, attempts, and of the person
-- who signs in first as its member: address, name, language; null when there is none. Takes letters that are due for one worker
-- until a moment; they gather no more. Index: letter_due. Locks the rows it takes; skips locked ones.
WITH due AS MATERIALIZED (
    SELECT number FROM notices_letter
    WHERE channel = %(channel)s AND state IN ('gathering', 'waiting', 'sending') AND next_at <= %(now)s
        AND (leased_until IS NULL OR leased_until <= %(now)s)
    ORDER BY next_at, number LIMIT %(at_most)s
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE notices_letter AS l SET state = 'sending', leased_until = %(until)s
    FROM due WHERE l.number = due.number
    RETURNING l.number, l.id, l.programme_id, l.wallet_id, l.kind, l.notice_ids, l.attempts
)
SELECT t.number, t.id, p.slug, p.name, t.wallet_id, t.kind, t.notice_ids, t.attempts, m.email, m.name, m.locale
FROM taken AS t
JOIN identity_programme AS p ON p.id = t.programme_id
LEFT JOIN LATERAL (
    SELECT coalesce(nullif(u.email, ''), m.email) AS email, m.name, m.locale
    FROM identity_member AS m
    JOIN identity_membership AS s ON s.member_id = m.id
    JOIN auth_user AS u ON u.id = s.person_id
    WHERE m.wallet_id = t.wallet_id
    ORDER BY s.since, s.id LIMIT 1
) AS m ON true
ORDER BY t.number;

-- name: note
-- in: number, state, attempts, next_at, finished_at (null while it waits), sentence. Ends the lease. Index: primary key.
UPDATE notices_letter
SET state = %(state)s, attempts = %(attempts)s, next_at = %(next_at)s, leased_until = NULL,
    finished_at = %(finished_at)s, sentence = %(sentence)s
WHERE number = %(number)s AND state = 'sending';

-- name: drop_waiting
-- in: wallet_id, channel, kinds, now, sentence. Gives up letters that nobody wants any more. Index: letter_of_wallet.
UPDATE notices_letter SET state = 'dropped', finished_at = %(now)s, sentence = %(sentence)s
WHERE wallet_id = %(wallet_id)s AND channel = %(channel)s AND kind = ANY(%(kinds)s) AND state IN ('gathering', 'waiting');

-- name: drop_old
-- in: before, at_most. Deletes letters that ended in former days. Index: letter_age.
DELETE FROM notices_letter WHERE number IN (
    SELECT number FROM notices_letter WHERE finished_at < %(before)s ORDER BY finished_at LIMIT %(at_most)s
);

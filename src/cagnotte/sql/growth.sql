-- Members who bring others.

-- name: note_friend
-- in: programme_id, sponsor_wallet_id, friend_wallet_id, bucket, code, now, opened_after.
-- out: whether a row was written; whether the friend's cagnotte was opened after `opened_after`. Writes one row of
-- growth_referral, once per friend. Reads by the wallets' key. Locks: none; the first code stands by the primary key.
WITH friend AS (
    SELECT w.id, w.opened_at >= %(opened_after)s AS is_new
    FROM identity_wallet AS w
    WHERE w.id = %(friend_wallet_id)s AND w.programme_id = %(programme_id)s
), written AS (
    INSERT INTO growth_referral (friend_wallet_id, programme_id, sponsor_wallet_id, bucket, code, joined_at)
    SELECT friend.id, %(programme_id)s, %(sponsor_wallet_id)s, %(bucket)s, %(code)s, %(now)s
    FROM friend WHERE friend.is_new
    ON CONFLICT (friend_wallet_id) DO NOTHING
    RETURNING friend_wallet_id
)
SELECT EXISTS (SELECT FROM written), coalesce((SELECT is_new FROM friend), false);

-- name: friends_of
-- in: wallet_id. out: number (1 joined first), joined_at, state (confirmed when a purchase is, else pending when one
-- waits, else joined); the last who joined first. Index: referral_of_sponsor, purchase_of_wallet. Locks: none.
SELECT row_number() OVER (ORDER BY r.joined_at, r.friend_wallet_id), r.joined_at,
       CASE WHEN bought.has_confirmed THEN 'confirmed' WHEN bought.has_pending THEN 'pending' ELSE 'joined' END
FROM growth_referral AS r
LEFT JOIN LATERAL (
    SELECT bool_or(p.validation = 'confirmed') AS has_confirmed, bool_or(p.validation = 'pending') AS has_pending
    FROM purchases_purchase AS p WHERE p.wallet_id = r.friend_wallet_id
) AS bought ON true
WHERE r.sponsor_wallet_id = %(wallet_id)s
ORDER BY 1 DESC;

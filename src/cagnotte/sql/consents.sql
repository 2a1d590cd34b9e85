-- What members agree to. Acts are appended, and the last one for a purpose counts.

-- name: agreed
-- in: programme_id, purpose, wallet_ids. out: wallet_id, since when the member has agreed without a break; those who
-- have not, and those whose account is closed, are absent. Index: consent_of_wallet, and the wallets' key. No locks.
SELECT c.wallet_id, min(c.at)
FROM identity_consent AS c
JOIN identity_wallet AS w ON w.id = c.wallet_id
WHERE c.wallet_id = ANY (%(wallet_ids)s) AND c.purpose = %(purpose)s AND c.granted
  AND w.programme_id = %(programme_id)s AND w.closed_at IS NULL
  AND c.id > coalesce((
      SELECT max(b.id) FROM identity_consent AS b
      WHERE b.wallet_id = c.wallet_id AND b.purpose = c.purpose AND NOT b.granted
  ), 0)
GROUP BY c.wallet_id;

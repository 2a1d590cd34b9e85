-- What listeners are told of beside the events themselves. Read at the time of telling, without locks.

-- name: people
-- in: programme_id, wallet_ids. out: wallet, number, address, name, language; a wallet of several has its first member.
-- Index: that of members' wallets.
SELECT DISTINCT ON (wallet_id) wallet_id, ref, email, name, locale FROM identity_member
WHERE programme_id = %(programme_id)s AND wallet_id = ANY (%(wallet_ids)s)
ORDER BY wallet_id, ref;

-- name: orders
-- in: programme_id, purchase_ids and numbers, versions of purchases side by side. out: purchase, number, state, facts of
-- the order at that version, and state and facts before it (null at first). Index: purchase_version_unique, primary key.
SELECT v.purchase_id, v.number, v.validation, f.facts::text, b.validation, g.facts::text
FROM unnest(%(purchase_ids)s::uuid[], %(numbers)s::integer[]) AS asked (purchase_id, number)
JOIN purchases_purchase AS p ON p.id = asked.purchase_id AND p.programme_id = %(programme_id)s
JOIN purchases_purchaseversion AS v ON v.purchase_id = asked.purchase_id AND v.number = asked.number
JOIN LATERAL (
    SELECT facts FROM purchases_purchaseversion
    WHERE purchase_id = v.purchase_id AND number <= v.number AND facts IS NOT NULL ORDER BY number DESC LIMIT 1
) AS f ON true
LEFT JOIN purchases_purchaseversion AS b ON b.purchase_id = v.purchase_id AND b.number = v.number - 1
LEFT JOIN LATERAL (
    SELECT facts FROM purchases_purchaseversion
    WHERE purchase_id = v.purchase_id AND number < v.number AND facts IS NOT NULL ORDER BY number DESC LIMIT 1
) AS g ON true;

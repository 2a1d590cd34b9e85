-- What the front page shows of purchases and payouts.

-- name: shops_bought_at
-- in: wallet_id, since (a day), purchases (the last so many are looked at), count. out: merchant_id of the shops where
-- the member bought most often, the most often first. Index: purchase_of_wallet. Locks: none.
SELECT merchant_id
FROM (
    SELECT merchant_id, occurred_on FROM purchases_purchase
    WHERE wallet_id = %(wallet_id)s AND occurred_on >= %(since)s
    ORDER BY occurred_on DESC LIMIT %(purchases)s
) AS lately
GROUP BY merchant_id ORDER BY count(*) DESC, max(occurred_on) DESC, merchant_id LIMIT %(count)s;

-- name: paid_out
-- in: programme_id, since (a moment). out: what reached members' bank accounts since then, in minor units, fees not
-- counted. Reads the programme's payouts, once an hour. Locks: none.
SELECT coalesce(sum(amount_minor - fee_minor), 0)::bigint FROM payouts_payout
WHERE programme_id = %(programme_id)s AND state = 'settled' AND state_at >= %(since)s;

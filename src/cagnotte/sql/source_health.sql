-- How sources have been doing: shares and delays of a recent time, per account.

-- name: messages_since
-- in: account_ids, since. out: account, messages received since, how many of them could not be read.
-- Index: inbox_message_received.
SELECT account_id, count(*)::integer, (count(*) FILTER (WHERE state = 'unreadable'))::integer
FROM inbox_message WHERE account_id = ANY(%(account_ids)s) AND received_at >= %(since)s GROUP BY account_id;

-- name: orders_since
-- in: account_ids, since. out: account, orders first told of since that are a member's, those that are nobody's yet, and
-- the median of seconds from an order to its first telling (null where none has a time). Reads the accounts' orders.
SELECT account_id,
       (count(*) FILTER (WHERE state IN ('standing', 'doubtful', 'duplicate') AND wallet_id IS NOT NULL))::integer,
       (count(*) FILTER (WHERE state = 'unattributed'))::integer,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(EPOCH FROM first_message_at - occurred_at))
           FILTER (WHERE occurred_at IS NOT NULL)
FROM inbox_order WHERE account_id = ANY(%(account_ids)s) AND first_message_at >= %(since)s GROUP BY account_id;

-- name: wanted_counts
-- in: account_ids. out: account, orders to be fetched, of them those that could not be fetched yet, when the oldest was
-- hinted at. Reads inbox_wanted, which is short.
SELECT account_id, count(*)::integer, (count(*) FILTER (WHERE tries > 0))::integer, min(since)
FROM inbox_wanted WHERE account_id = ANY(%(account_ids)s) GROUP BY account_id;

-- name: accounts_to_read
-- out: accounts with messages that nobody has read, and one account of each programme with orders to be settled.
-- Index: inbox_message_waiting, inbox_order_due.
SELECT a.id FROM inbox_account AS a
WHERE EXISTS (SELECT 1 FROM inbox_message AS m WHERE m.account_id = a.id AND m.state = 'new')
UNION
SELECT o.account_id FROM (
    SELECT DISTINCT ON (programme_id) account_id FROM inbox_order WHERE due ORDER BY programme_id, id
) AS o;

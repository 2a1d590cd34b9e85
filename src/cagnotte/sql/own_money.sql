-- The operator's own money, put into the programme's bank account or taken out.

-- name: lock
-- in: fact_id. An advisory lock until the end of the transaction: one transfer is booked by one session at a time.
SELECT pg_advisory_xact_lock(hashtextextended('own money ' || %(fact_id)s, 0));

-- name: booked
-- in: fact_id. out: what a transfer of this reference came to, if it was booked. Index: ledger_transaction_fact. Locks: none.
SELECT entry.amount_minor
FROM ledger_transaction AS booked
JOIN ledger_entry AS entry ON entry.bucket = booked.bucket AND entry.transaction_id = booked.id
JOIN ledger_account AS account ON account.id = entry.account_id
WHERE booked.fact_id = %(fact_id)s AND account.kind = 'programme.bank';

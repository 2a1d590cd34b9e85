-- Goodwill: money that the programme gives of its own.

-- name: granted
-- in: id of the lot. out: its wallet and what was put in. Index: primary key. Locks: none; its wallet is locked.
SELECT wallet_id, amount_minor FROM rewards_lot WHERE id = %(id)s;

-- name: insert_lot
-- in: the columns of a lot. Writes one row of rewards_lot; its wallet is locked.
INSERT INTO rewards_lot
    (id, wallet_id, bucket, purchase_id, origin, currency, amount_minor, remaining_minor, expired_minor, available_on,
     expires_on, breakage_to, breakage_account)
VALUES
    (%(id)s, %(wallet_id)s, %(bucket)s, NULL, %(origin)s, %(currency)s, %(amount_minor)s, %(remaining_minor)s, 0,
     %(today)s, %(expires_on)s, 'programme', %(gainer)s::jsonb);

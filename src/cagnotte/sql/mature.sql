-- Mature: confirmed rewards whose delay is over become available.

-- name: overdue
-- in: programme_id, on, size. out: purchases whose funder had until the day before to answer.
-- Index: purchase_to_answer. No locks yet.
SELECT id FROM purchases_purchase
WHERE programme_id = %(programme_id)s AND answer_by < %(on)s AND validation = 'pending'
ORDER BY answer_by, id LIMIT %(size)s;

-- name: due_chunks
-- in: programme_id, on, size. out: ids of purchases to release, about so many in a row, and how many. All those of a wallet
-- are in one row, so that its balances move once. Index: purchase_to_release. No locks: they are looked at again.
SELECT array_agg(id ORDER BY ctid)::text, count(*)
FROM (
    SELECT id, ctid, (rank() OVER (ORDER BY bucket, wallet_id) - 1) / %(size)s AS chunk
    FROM purchases_purchase WHERE programme_id = %(programme_id)s AND release_on <= %(on)s
) AS due
GROUP BY chunk ORDER BY chunk;

-- name: plan_for_release
-- Until the transaction ends: as plan_for_chunks of ingest, only that what is in memory may be joined by hashing.
-- Each look-up in a table stands in a LATERAL with OFFSET 0 instead, which keeps it a look-up.
SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_mergejoin', 'jit']) AS n (name);

-- name: lock_due
-- in: ids. out: the places of those that are still due; a row that is locked keeps its place. Index: primary key.
-- Locks purchases by key, first in the lock order.
SELECT array_agg(place ORDER BY place)::text FROM (
    SELECT ctid AS place, validation, release_on FROM purchases_purchase
    WHERE id = ANY(ARRAY(SELECT unnest(%(ids)s::uuid[])))
    ORDER BY native_id, id OFFSET 0 FOR NO KEY UPDATE
) AS locked
WHERE validation <> 'pending' AND release_on IS NOT NULL;

-- name: lock_their_wallets
-- in: places, programme_id, currency. out: wallets into which nothing was released yet. Index: primary key, and
-- ledger_account's by owner. Locks wallet rows by key, second in the lock order.
SELECT id FROM (
    SELECT id FROM identity_wallet
    WHERE id = ANY(ARRAY(
        SELECT DISTINCT p.wallet_id FROM unnest(%(places)s::tid[]) AS n (place)
        CROSS JOIN LATERAL (SELECT wallet_id FROM purchases_purchase WHERE ctid = n.place OFFSET 0) AS p
    ))
    ORDER BY id FOR NO KEY UPDATE
) AS locked
WHERE (
    SELECT a.id FROM ledger_account AS a
    WHERE a.programme_id = %(programme_id)s AND a.kind = 'member.available' AND a.owner_id = locked.id
      AND a.currency = %(currency)s
) IS NULL;

-- name: release
-- in: places, locked with their wallets; programme_id, programme_hex, currency; on and the same as text, day; effective_on,
-- now, and stamp, the bytes that ids of now begin with; of each contract: contract_ids, last_days of a lot, breakages and
-- gainers; usual_gainer, self_funded_gainer; contracts by what they wait for: paid_first, billed_first.
-- out: batch_id, purchases, wallets, released_minor, repaid_minor, waiting, and the purchases whose vouchers can be issued.
-- Writes rewards_lot, rewards_reward, purchases_purchase, and the batch into ledger_stage. Index: primary keys,
-- reward_part_unique, ledger_account's by owner; rewards_decision only where the shop itself gives nothing.
-- What is owed is guarded by the wallets' locks: nobody moves it without.
WITH due AS MATERIALIZED (
    SELECT n.place, p.id, p.wallet_id, p.bucket, p.version, p.release_on, r.released_minor, v.voucher_minor,
           -- What was promised as a voucher never turns into money; it is issued as one.
           r.amount_minor - r.released_minor - v.voucher_minor AS amount_minor,
           CASE WHEN p.blocks <> '{}' THEN (SELECT min(block) FROM unnest(p.blocks) AS b (block))
                WHEN NOT part.settled THEN 'settlement' END AS waits_for,
           part.self_funded,
           -- The contract whose rules apply: the shop's own, which the decision need not be asked for if it pays a part.
           coalesce(part.own_contract_id, (
               SELECT c.id
               FROM rewards_decision AS d
               CROSS JOIN LATERAL jsonb_array_elements(d.decision -> 'contracts') AS k (named)
               JOIN catalog_contract AS c ON c.programme_id = p.programme_id AND c.ref = k.named ->> 0
                                         AND c.version = (k.named ->> 1)::integer
               WHERE d.id = r.decision_id AND k.named ->> 0 = d.decision ->> 'policy'
               LIMIT 1
           )) AS contract_id
    FROM unnest(%(places)s::tid[]) AS n (place)
    CROSS JOIN LATERAL (SELECT * FROM purchases_purchase WHERE ctid = n.place OFFSET 0) AS p
    CROSS JOIN LATERAL (SELECT * FROM rewards_reward WHERE purchase_id = p.id OFFSET 0) AS r
    CROSS JOIN LATERAL (
        SELECT least(greatest(r.voucher_minor - r.vouchered_minor, 0), r.amount_minor - r.released_minor) AS voucher_minor
    ) AS v
    CROSS JOIN LATERAL (
        SELECT -- settlement_allows(…, settlement_of(…)) for a commission above zero.
               coalesce(bool_and(CASE
                   WHEN commission_minor = 0 THEN true
                   WHEN contract_id = ANY(%(paid_first)s::uuid[]) THEN paid_minor + written_off_minor >= commission_minor
                   WHEN contract_id = ANY(%(billed_first)s::uuid[]) THEN billed_minor + paid_minor + written_off_minor > 0
                   ELSE true
               END), true) AS settled,
               bool_and(funder_kind = 'programme') FILTER (WHERE reward_minor > 0) AS self_funded,
               (array_agg(contract_id) FILTER (WHERE funder_kind = 'merchant' AND funder_id = p.merchant_id))[1]
                   AS own_contract_id
        FROM rewards_rewardpart WHERE purchase_id = p.id
    ) AS part
), ready AS MATERIALIZED (
    -- A release is named by what was released before it: derived_id(now, purchase, 'release', version, released).
    SELECT *, sha256(convert_to(
               concat_ws(E'\x1f', encode(uuid_send(id), 'hex'), 'release', version, released_minor), 'UTF8'
           )) AS digest
    FROM due WHERE waits_for IS NULL AND amount_minor > 0
), wallet AS MATERIALIZED (
    SELECT w.wallet_id, confirmed.id AS confirmed_id, available.id AS available_id, owing.id AS owing_id,
           coalesce(owing.amount_minor, 0) AS owing_minor
    FROM (SELECT DISTINCT wallet_id FROM ready) AS w
    CROSS JOIN LATERAL (
        SELECT id FROM ledger_account
        WHERE programme_id = %(programme_id)s AND kind = 'member.confirmed' AND owner_id = w.wallet_id
          AND currency = %(currency)s OFFSET 0
    ) AS confirmed
    CROSS JOIN LATERAL (
        SELECT id FROM ledger_account
        WHERE programme_id = %(programme_id)s AND kind = 'member.available' AND owner_id = w.wallet_id
          AND currency = %(currency)s OFFSET 0
    ) AS available
    LEFT JOIN LATERAL (
        SELECT a.id, b.amount_minor FROM ledger_account AS a JOIN ledger_balance AS b ON b.account_id = a.id
        WHERE a.programme_id = %(programme_id)s AND a.kind = 'member.owing' AND a.owner_id = w.wallet_id
          AND a.currency = %(currency)s OFFSET 0
    ) AS owing ON true
), shared AS (
    -- A wallet's releases repay what it owes one after the other, in the order of their day and id.
    SELECT r.*, w.confirmed_id, w.available_id, w.owing_id,
           least(r.amount_minor, greatest(0, w.owing_minor + r.amount_minor - sum(r.amount_minor) OVER (
               PARTITION BY r.wallet_id ORDER BY r.release_on, r.id ROWS UNBOUNDED PRECEDING
           )))::bigint AS repaid_minor,
           encode(set_byte(
               set_byte(%(stamp)s || substr(r.digest, 1, 10), 6, get_byte(r.digest, 0) & 15 | 128),
               8, get_byte(r.digest, 2) & 63 | 128
           ), 'hex')::uuid AS release_id
    FROM ready AS r JOIN wallet AS w ON w.wallet_id = r.wallet_id
), booking AS MATERIALIZED (
    -- The legs of released(…), as Transaction.of orders and payload_hash tells them.
    SELECT s.*, leg.account_ids, leg.amounts_minor, leg.told, sha256(convert_to(concat_ws(
               E'\x1f', %(programme_hex)s::text, 'released', encode(uuid_send(s.release_id), 'hex'), 0
           ), 'UTF8')) AS id_digest
    FROM shared AS s
    CROSS JOIN LATERAL (
        SELECT array_agg(l.account_id ORDER BY l.number) AS account_ids,
               array_agg(l.amount_minor ORDER BY l.number) AS amounts_minor,
               string_agg(
                   encode(uuid_send(l.account_id), 'hex') || CASE WHEN l.amount_minor > 0 THEN '+' ELSE '' END
                   || l.amount_minor, '' ORDER BY l.account_id
               ) AS told
        FROM (VALUES (1, s.confirmed_id, s.amount_minor), (2, s.available_id, s.repaid_minor - s.amount_minor),
                     (3, s.owing_id, - s.repaid_minor)) AS l (number, account_id, amount_minor)
        WHERE l.amount_minor <> 0
    ) AS leg
), booked AS MATERIALIZED (
    SELECT b.*, encode(set_byte(
               set_byte(%(stamp)s || substr(b.id_digest, 1, 10), 6, get_byte(b.id_digest, 0) & 15 | 128),
               8, get_byte(b.id_digest, 2) & 63 | 128
           ), 'hex')::uuid AS transaction_id
    FROM booking AS b
), batch AS MATERIALIZED (
    -- Under the name of its first transaction, which is posted once, so that no two batches share it.
    SELECT transaction_id AS id FROM booked ORDER BY transaction_id LIMIT 1
), staged AS (
    INSERT INTO ledger_stage (
        batch_id, bucket, transaction_id, programme_id, book_id, kind, fact_id, step, occurred_on, effective_on,
        recorded_at, payload_hash, account_ids, amounts_minor
    )
    SELECT (SELECT id FROM batch), bucket, transaction_id, %(programme_id)s, wallet_id, 'released', release_id, 0, %(on)s,
           %(effective_on)s, %(now)s, sha256(convert_to(concat_ws('|', 'released', wallet_id, %(day)s::text, told), 'UTF8')),
           account_ids, amounts_minor
    FROM booked
), made AS (
    INSERT INTO rewards_lot (
        id, wallet_id, bucket, purchase_id, origin, currency, amount_minor, remaining_minor, expired_minor, available_on,
        expires_on, breakage_to, breakage_account
    )
    SELECT b.release_id, b.wallet_id, b.bucket, b.id, 'purchase_rebate', %(currency)s, b.amount_minor,
           b.amount_minor - b.repaid_minor, 0, %(on)s, t.last_day,
           -- Who paid for nothing of it gains nothing by its expiry.
           CASE WHEN NOT b.self_funded THEN coalesce(t.breakage_to, 'programme') ELSE 'programme' END,
           CASE WHEN b.self_funded THEN %(self_funded_gainer)s::jsonb WHEN NOT b.self_funded AND t.gainer IS NOT NULL
                THEN t.gainer ELSE %(usual_gainer)s::jsonb END
    FROM booked AS b
    LEFT JOIN unnest(%(contract_ids)s::uuid[], %(last_days)s::date[], %(breakages)s::text[], %(gainers)s::jsonb[])
        AS t (contract_id, last_day, breakage_to, gainer) ON t.contract_id = b.contract_id
), rewarded AS (
    UPDATE rewards_reward
    SET released_minor = amount_minor
                         - least(greatest(voucher_minor - vouchered_minor, 0), amount_minor - released_minor)
    WHERE purchase_id = ANY(ARRAY(SELECT id FROM booked))
), done AS (
    -- A purchase of which a voucher is still to be issued keeps its date until it is.
    UPDATE purchases_purchase SET release_on = NULL
    WHERE ctid = ANY(ARRAY(SELECT place FROM booked WHERE voucher_minor = 0))
)
SELECT (SELECT id FROM batch), count(*), count(DISTINCT wallet_id), coalesce(sum(amount_minor), 0)::bigint,
       coalesce(sum(repaid_minor), 0)::bigint, (
           SELECT coalesce(jsonb_object_agg(w.waits_for, w.n), '{}') FROM (
               SELECT waits_for, count(*) AS n FROM due WHERE waits_for IS NOT NULL GROUP BY 1
           ) AS w
       ), (SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM due WHERE waits_for IS NULL AND voucher_minor > 0)
FROM booked;

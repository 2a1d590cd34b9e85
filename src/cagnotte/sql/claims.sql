-- Claims of members: read and written one by one, as people act; what falls due is found in sets.

-- name: by_id
-- in: programme_id, wallet_id (null = whosever), id. out: ClaimView. Index: primary keys. Locks: none.
SELECT c.id, c.programme_id, c.wallet_id, c.number, c.kind, c.state, c.merchant_id, p.ref, p.name, c.visit_ref, c.visited_at,
       c.device, c.promised, c.purchase_id, c.stood_minor, c.order_ref, c.ordered_on, c.currency, c.amount_minor,
       c.shop_email, c.coupon, c.note, c.checks::text, c.begun_at, c.sent_at, c.changed_at, c.due_on, c.appealed_at, c.reason,
       c.goodwill_minor, c.taken_by
FROM claims_claim AS c JOIN identity_party AS p ON p.id = c.merchant_id
WHERE c.id = %(id)s AND c.programme_id = %(programme_id)s
    AND (%(wallet_id)s::uuid IS NULL OR c.wallet_id = %(wallet_id)s::uuid);

-- name: by_number
-- in: programme_id, number. out: the claim's id. Index: claim_number_unique. Locks: none.
SELECT id FROM claims_claim WHERE programme_id = %(programme_id)s AND number = %(number)s;

-- name: lock
-- in: id. Locks the claim's row. Index: primary key.
SELECT id FROM claims_claim WHERE id = %(id)s ORDER BY id FOR NO KEY UPDATE;

-- name: of_wallet
-- in: programme_id, wallet_id, states (null = all), before (a moment, or null), count. out: ClaimView, the last begun
-- first. Index: claim_of_wallet. Locks: none.
SELECT c.id, c.programme_id, c.wallet_id, c.number, c.kind, c.state, c.merchant_id, p.ref, p.name, c.visit_ref, c.visited_at,
       c.device, c.promised, c.purchase_id, c.stood_minor, c.order_ref, c.ordered_on, c.currency, c.amount_minor,
       c.shop_email, c.coupon, c.note, c.checks::text, c.begun_at, c.sent_at, c.changed_at, c.due_on, c.appealed_at, c.reason,
       c.goodwill_minor, c.taken_by
FROM claims_claim AS c JOIN identity_party AS p ON p.id = c.merchant_id
WHERE c.wallet_id = %(wallet_id)s AND c.programme_id = %(programme_id)s
    AND (%(states)s::text[] IS NULL OR c.state = ANY(%(states)s::text[]))
    AND (%(before)s::timestamptz IS NULL OR c.begun_at < %(before)s::timestamptz)
ORDER BY c.begun_at DESC, c.id DESC LIMIT %(count)s;

-- name: queue
-- in: programme_id, states, merchant_id (null = any), count. out: ClaimView, the first due first. Index: claim_due. Locks: none.
SELECT c.id, c.programme_id, c.wallet_id, c.number, c.kind, c.state, c.merchant_id, p.ref, p.name, c.visit_ref, c.visited_at,
       c.device, c.promised, c.purchase_id, c.stood_minor, c.order_ref, c.ordered_on, c.currency, c.amount_minor,
       c.shop_email, c.coupon, c.note, c.checks::text, c.begun_at, c.sent_at, c.changed_at, c.due_on, c.appealed_at, c.reason,
       c.goodwill_minor, c.taken_by
FROM claims_claim AS c JOIN identity_party AS p ON p.id = c.merchant_id
WHERE c.programme_id = %(programme_id)s AND c.state = ANY(%(states)s)
    AND (%(merchant_id)s::uuid IS NULL OR c.merchant_id = %(merchant_id)s::uuid)
ORDER BY c.due_on NULLS LAST, c.id LIMIT %(count)s;

-- name: counts
-- in: programme_id, wallet_id. out: state, how many claims. Index: claim_of_wallet. Locks: none.
SELECT state, count(*)::integer FROM claims_claim
WHERE wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s GROUP BY state;

-- name: alike
-- in: programme_id, wallet_id, id (of the claim itself, or null), and what it is about: visit_ref, merchant_id with
-- order_ref, purchase_id; "" and null for what is not known. states: those that count. out: id, number of another claim
-- about the same, the last first. A visit may have led to several orders: claims that both name one are compared by it.
-- Index: claim_of_wallet. Locks: none.
SELECT c.id, c.number FROM claims_claim AS c
WHERE c.wallet_id = %(wallet_id)s AND c.programme_id = %(programme_id)s AND c.state = ANY(%(states)s)
    AND (%(id)s::uuid IS NULL OR c.id <> %(id)s::uuid)
    AND (
        c.purchase_id = %(purchase_id)s::uuid
        OR (%(order_ref)s <> '' AND c.merchant_id = %(merchant_id)s AND lower(c.order_ref) = lower(%(order_ref)s))
        OR (%(visit_ref)s <> '' AND c.visit_ref = %(visit_ref)s AND (c.order_ref = '' OR %(order_ref)s = ''))
    )
ORDER BY c.begun_at DESC LIMIT 1;

-- name: drafts_alike
-- in: programme_id, wallet_id, visit_ref, purchase_id. out: id of the member's draft about the same visit or purchase.
-- Index: claim_of_wallet. Locks: none.
SELECT id FROM claims_claim
WHERE wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s AND state = 'draft'
    AND (visit_ref <> '' AND visit_ref = %(visit_ref)s OR purchase_id = %(purchase_id)s::uuid)
ORDER BY begun_at DESC LIMIT 1;

-- name: of_purchases
-- in: programme_id, wallet_id, states. out: purchase, id and number of the claim about it. Index: claim_of_wallet. No locks.
SELECT purchase_id, id, number FROM claims_claim
WHERE wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s AND purchase_id IS NOT NULL
    AND state = ANY(%(states)s);

-- name: insert_claim
-- in: its columns. Writes one row of claims_claim, a draft.
INSERT INTO claims_claim
    (id, programme_id, wallet_id, bucket, number, kind, state, merchant_id, visit_ref, visited_at, device, promised,
     purchase_id, stood_minor, order_ref, ordered_on, currency, amount_minor, shop_email, coupon, note, checks, begun_at,
     changed_at, due_on, reason, taken_by)
VALUES
    (%(id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(number)s, %(kind)s, 'draft', %(merchant_id)s, %(visit_ref)s,
     %(visited_at)s, %(device)s, %(promised)s, %(purchase_id)s, %(stood_minor)s, %(order_ref)s, %(ordered_on)s,
     %(currency)s, %(amount_minor)s, '', '', '', '[]', %(now)s, %(now)s, %(due_on)s, '', '');

-- name: save_draft
-- in: id, and what the member told. Writes claims_claim, a draft that is locked.
UPDATE claims_claim
SET kind = %(kind)s, order_ref = %(order_ref)s, ordered_on = %(ordered_on)s, amount_minor = %(amount_minor)s,
    shop_email = %(shop_email)s, coupon = %(coupon)s, note = %(note)s, changed_at = %(now)s
WHERE id = %(id)s AND state = 'draft';

-- name: drop_draft
-- in: id. out: the ids of its documents. Deletes a draft with what was handed in for it.
WITH gone AS (
    DELETE FROM claims_claim WHERE id = %(id)s AND state = 'draft' RETURNING id
)
DELETE FROM claims_claimdocument WHERE claim_id IN (SELECT id FROM gone) RETURNING id;

-- name: insert_step
-- in: the columns of claims_claimstep but its number. Writes one row; its claim is locked.
INSERT INTO claims_claimstep (claim_id, programme_id, wallet_id, bucket, at, by, n, event, state, due_on, facts)
SELECT %(claim_id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(now)s, %(by)s,
       1 + count(*), %(event)s, %(state)s, %(due_on)s::date, %(facts)s::jsonb
FROM claims_claimstep WHERE claim_id = %(claim_id)s;

-- name: set_state
-- in: id, state, due_on, now, and what the step says: checks, sent_at, appealed_at, reason, purchase_id, goodwill_minor; null
-- keeps what stands. Writes claims_claim, locked before.
UPDATE claims_claim
SET state = %(state)s, due_on = %(due_on)s, changed_at = %(now)s, checks = coalesce(%(checks)s::jsonb, checks),
    sent_at = coalesce(%(sent_at)s::timestamptz, sent_at), appealed_at = coalesce(%(appealed_at)s::timestamptz, appealed_at),
    reason = coalesce(%(reason)s::text, reason), purchase_id = coalesce(%(purchase_id)s::uuid, purchase_id),
    goodwill_minor = coalesce(%(goodwill_minor)s::bigint, goodwill_minor)
WHERE id = %(id)s;

-- name: set_taken
-- in: id, taken_by. Writes claims_claim.
UPDATE claims_claim SET taken_by = %(taken_by)s WHERE id = %(id)s;

-- name: insert_message
-- in: the columns of claims_claimmessage. Writes one row.
INSERT INTO claims_claimmessage (claim_id, programme_id, wallet_id, bucket, at, by, text)
VALUES (%(claim_id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(now)s, %(by)s, %(text)s);

-- name: insert_document
-- in: the columns of claims_claimdocument. Writes one row, unless the claim has the same file. out: its id if written.
INSERT INTO claims_claimdocument
    (id, claim_id, programme_id, wallet_id, bucket, at, by, name, kind, size_bytes, sha256)
VALUES
    (%(id)s, %(claim_id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(now)s, %(by)s, %(name)s, %(kind)s,
     %(size_bytes)s, %(sha256)s)
ON CONFLICT (claim_id, sha256) DO NOTHING RETURNING id;

-- name: documents_since
-- in: wallet_id, since. out: how many files a member handed in. Index: claim_of_wallet, claim_document_unique. Locks: none.
SELECT count(*)::integer FROM claims_claim AS c JOIN claims_claimdocument AS d ON d.claim_id = c.id
WHERE c.wallet_id = %(wallet_id)s AND d.at > %(since)s;

-- name: drop_document
-- in: id, claim_id. Deletes one document of a draft.
DELETE FROM claims_claimdocument WHERE id = %(id)s AND claim_id = %(claim_id)s;

-- name: steps
-- in: claim_id. out: n, at, by, event, state, due_on, facts, in order. Index: claim_step_unique. Locks: none.
SELECT n, at, by, event, state, due_on, facts::text FROM claims_claimstep WHERE claim_id = %(claim_id)s ORDER BY n;

-- name: messages
-- in: claim_id. out: at, by, text, in order. Index: claim_message_of. Locks: none.
SELECT at, by, text FROM claims_claimmessage WHERE claim_id = %(claim_id)s ORDER BY at, id;

-- name: documents
-- in: claim_id. out: id, at, by, name, kind, size_bytes, in order. Index: claim_document_unique. Locks: none.
SELECT id, at, by, name, kind, size_bytes FROM claims_claimdocument WHERE claim_id = %(claim_id)s ORDER BY at, id;

-- name: click
-- in: programme_id, ref. out: when another publisher had brought the visitor to the shop. Index: tracking_click_ref_key.
SELECT rival_at FROM tracking_click WHERE ref = %(ref)s AND programme_id = %(programme_id)s;

-- name: owners_of_order
-- in: programme_id, merchant_id, order_ref. out: purchase, wallet: whose the order is as far as it is known; its reference
-- as written, or in other letters. Index: purchase_of_order. Locks: none.
SELECT id, wallet_id FROM purchases_purchase
WHERE order_ref = ANY(%(spellings)s) AND programme_id = %(programme_id)s AND merchant_id = %(merchant_id)s
ORDER BY id;

-- name: overdue
-- in: programme_id, states, today, count. out: id, the first due first. What a person has to do is left out: it only becomes late.
-- Index: claim_due. Locks: none; whoever steps looks again.
SELECT id FROM claims_claim
WHERE programme_id = %(programme_id)s AND state = ANY(%(states)s)
    AND (state = 'waiting' AND due_on <= %(today)s OR state <> 'waiting' AND due_on < %(today)s)
ORDER BY due_on, id LIMIT %(count)s;

-- name: settled
-- in: programme_id, states, count. out: claim, purchase: claims whose purchase came after all, at the same shop and for the
-- same member; claims of a refusal that was taken back; claims of an amount that has risen. Index: claim_of_order, primary
-- keys, purchase_of_order. Locks: none; whoever steps looks again.
SELECT c.id, p.id FROM claims_claim AS c
JOIN purchases_purchase AS p
    ON p.order_ref = c.order_ref AND p.programme_id = c.programme_id AND p.merchant_id = c.merchant_id
    AND p.wallet_id = c.wallet_id
WHERE c.programme_id = %(programme_id)s AND c.state = ANY(%(states)s) AND c.kind = 'missing' AND c.order_ref <> ''
    AND p.validation <> 'declined'
UNION
SELECT c.id, p.id FROM claims_claim AS c
JOIN purchases_purchase AS p ON p.id = c.purchase_id
JOIN rewards_reward AS r ON r.purchase_id = p.id
WHERE c.programme_id = %(programme_id)s AND c.state = ANY(%(states)s)
    AND (c.kind = 'refused' AND p.validation <> 'declined'
         OR c.kind = 'wrong_amount' AND p.validation <> 'declined' AND r.amount_minor > c.stood_minor)
ORDER BY 1 LIMIT %(count)s;

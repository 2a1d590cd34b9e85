-- Clicks, visits and traces: written one by one as links are followed, read in sets when orders arrive.

-- name: insert_click
-- in: the columns of tracking_click; bucket is the wallet's, else the visit's. Writes one row: of the member named,
-- who is signed in; else of the one who claimed the visit; else nobody's. Index: visit_claim_unique. Locks: none.
INSERT INTO tracking_click
    (id, ref, programme_id, bucket, merchant_id, wallet_id, visit_id, clicked_at, offer_ref, offer_version, promise,
     promised, device, consent, origin, path, via, rival_at)
SELECT %(id)s, %(ref)s, asked.programme_id,
       CASE WHEN asked.wallet_id IS NULL THEN coalesce(claim.bucket, %(bucket)s) ELSE %(bucket)s END,
       %(merchant_id)s, coalesce(asked.wallet_id, claim.wallet_id), asked.visit_id, %(clicked_at)s, %(offer_ref)s, %(offer_version)s, %(promise)s::jsonb, %(promised)s, %(device)s,
       %(consent)s, %(origin)s, %(path)s, %(via)s, %(rival_at)s::timestamptz
FROM (
    SELECT %(visit_id)s::uuid AS visit_id, %(programme_id)s::uuid AS programme_id, %(wallet_id)s::uuid AS wallet_id
) AS asked
LEFT JOIN tracking_visitclaim AS claim
    ON claim.visit_id = asked.visit_id AND claim.programme_id = asked.programme_id;

-- name: claim_visit
-- in: visit_id, programme_id, wallet_id, bucket, now. Writes tracking_visitclaim, unless the visit has its member.
-- out: the wallet whose visit it is. Index: visit_claim_unique.
WITH claimed AS (
    INSERT INTO tracking_visitclaim (visit_id, programme_id, wallet_id, bucket, claimed_at)
    VALUES (%(visit_id)s, %(programme_id)s, %(wallet_id)s, %(bucket)s, %(now)s)
    ON CONFLICT (visit_id, programme_id) DO NOTHING
    RETURNING wallet_id
)
SELECT wallet_id FROM claimed
UNION ALL
SELECT wallet_id FROM tracking_visitclaim WHERE visit_id = %(visit_id)s AND programme_id = %(programme_id)s
LIMIT 1;

-- name: candidates
-- in: programme_id, and one element per trace: numbers (of the order), kinds, told (as the source wrote it), keys
-- (as it is kept here), merchants, bought (when the order was); days: how old a click may be to be looked at that
-- was not itself told.
-- out: number, kind, ref, wallet_id, moment, closed, rival_at; one row per trace and member it leads to, one with
-- no wallet where it leads to nobody, and the last click before the order of each member whom another trace names.
-- Reads by: tracking_click_ref_key, visit_claim_unique, member_ref_unique, member_key_of_wallet, identity_wallet_pkey,
-- click_of_wallet, visit_claim_of_wallet, click_of_visit. Locks: none.
WITH sought AS MATERIALIZED (
    SELECT * FROM unnest(
        %(numbers)s::integer[], %(kinds)s::text[], %(told)s::text[], %(keys)s::text[], %(merchants)s::uuid[],
        %(bought)s::timestamptz[]
    ) AS s (number, kind, told, key, merchant_id, bought_at)
), clicked AS (
    -- A click at another shop is not this order's, whoever sent it along.
    SELECT s.number, s.kind, s.told, coalesce(click.wallet_id, claim.wallet_id) AS wallet_id, click.clicked_at AS moment,
           click.rival_at
    FROM sought AS s
    LEFT JOIN tracking_click AS click
        ON click.ref = s.key AND click.programme_id = %(programme_id)s AND click.merchant_id = s.merchant_id
    LEFT JOIN tracking_visitclaim AS claim
        ON click.wallet_id IS NULL AND claim.visit_id = click.visit_id AND claim.programme_id = click.programme_id
    WHERE s.kind = 'click'
), known AS (
    SELECT s.number, s.kind, s.told, member.wallet_id, NULL::timestamptz AS moment
    FROM sought AS s
    LEFT JOIN identity_member AS member ON member.programme_id = %(programme_id)s AND member.ref = s.key
    WHERE s.kind = 'member_number'
    UNION ALL
    SELECT s.number, s.kind, s.told, held.wallet_id, held.since
    FROM sought AS s
    LEFT JOIN identity_memberkey AS held
        ON held.programme_id = %(programme_id)s AND held.kind = s.kind AND held.value = s.key
    WHERE s.kind NOT IN ('click', 'member_number')
), named AS (
    SELECT DISTINCT s.number, s.merchant_id, s.bought_at, k.wallet_id
    FROM known AS k JOIN sought AS s USING (number)
    WHERE k.wallet_id IS NOT NULL
), theirs AS (
    SELECT named.number, 'click' AS kind, last.ref AS told, named.wallet_id, last.clicked_at AS moment, last.rival_at
    FROM named CROSS JOIN LATERAL (
        SELECT own.ref, own.clicked_at, own.rival_at FROM (
            SELECT c.ref, c.clicked_at, c.rival_at, c.programme_id
            FROM tracking_click AS c
            WHERE c.wallet_id = named.wallet_id AND c.merchant_id = named.merchant_id
                  AND c.clicked_at BETWEEN named.bought_at - make_interval(days => %(days)s) AND named.bought_at
            UNION ALL
            SELECT c.ref, c.clicked_at, c.rival_at, c.programme_id
            FROM tracking_visitclaim AS claim JOIN tracking_click AS c ON c.visit_id = claim.visit_id
            WHERE claim.wallet_id = named.wallet_id AND c.wallet_id IS NULL AND c.merchant_id = named.merchant_id
                  AND c.clicked_at BETWEEN named.bought_at - make_interval(days => %(days)s) AND named.bought_at
        ) AS own
        WHERE own.programme_id = %(programme_id)s
        ORDER BY own.clicked_at DESC, own.ref DESC LIMIT 1
    ) AS last
), found AS (
    SELECT number, kind, told, wallet_id, moment, rival_at FROM clicked
    UNION
    SELECT number, kind, told, wallet_id, moment, NULL::timestamptz FROM known
    UNION
    -- Without those that the source told itself, whose references may be written in other letters.
    SELECT t.number, t.kind, t.told, t.wallet_id, t.moment, t.rival_at FROM theirs AS t
    WHERE NOT EXISTS (SELECT FROM sought AS s WHERE s.number = t.number AND s.kind = 'click' AND s.key = t.told)
)
SELECT found.number, found.kind, found.told, found.wallet_id, found.moment, wallet.closed_at IS NOT NULL, found.rival_at
FROM found LEFT JOIN identity_wallet AS wallet ON wallet.id = found.wallet_id
ORDER BY found.number, found.kind, found.told, found.wallet_id;

-- name: link_rules
-- in: programme_id. out: a text that differs once anything changed on which links rest: versions of offers, sites of
-- shops, accounts and their secrets. Reads the programme's offers, parties and accounts. Locks: none.
SELECT md5(concat_ws('|',
    (SELECT concat_ws(',', count(*), max(known_from), max(closed_at)) FROM catalog_offer
     WHERE programme_id = %(programme_id)s),
    (SELECT string_agg(md5(concat_ws(',', ref, name, site, hosts)), '' ORDER BY ref) FROM identity_party
     WHERE programme_id = %(programme_id)s AND kind = 'merchant'),
    (SELECT string_agg(
        md5(concat_ws(',', a.ref, a.plugin, a.settings, a.merchants, a.merchant, a.rank, a.active, a.timezone)), ''
        ORDER BY a.ref)
     FROM inbox_account AS a WHERE a.programme_id = %(programme_id)s),
    (SELECT max(s.replaced_at) FROM inbox_secret AS s JOIN inbox_account AS a ON a.id = s.account_id
     WHERE a.programme_id = %(programme_id)s)
));

-- name: clicks_of
-- in: programme_id, wallet_id, since, count. out: the member's last clicks, newest first: signed in, or in a visit they
-- claimed. Indexes: click_of_wallet, visit_claim_of_wallet, click_of_visit. Locks: none.
SELECT * FROM (
    SELECT c.ref, c.merchant_id, c.clicked_at, c.offer_ref, c.offer_version, c.promised, c.device, c.origin,
           c.promise ->> 'effect'
    FROM tracking_click AS c
    WHERE c.wallet_id = %(wallet_id)s AND c.programme_id = %(programme_id)s AND c.clicked_at >= %(since)s
    UNION ALL
    SELECT c.ref, c.merchant_id, c.clicked_at, c.offer_ref, c.offer_version, c.promised, c.device, c.origin,
           c.promise ->> 'effect'
    FROM tracking_visitclaim AS claim JOIN tracking_click AS c ON c.visit_id = claim.visit_id
    WHERE claim.wallet_id = %(wallet_id)s AND claim.programme_id = %(programme_id)s AND c.wallet_id IS NULL
          AND c.programme_id = %(programme_id)s AND c.clicked_at >= %(since)s
) AS theirs
ORDER BY clicked_at DESC, ref DESC LIMIT %(count)s;

-- name: reporting_days
-- in: merchant_ids. out: merchant_id, days. Index: the primary key. Locks: none.
SELECT merchant_id, days FROM tracking_reporting WHERE merchant_id = ANY(%(merchant_ids)s);

-- name: save_reporting
-- in: merchant_ids, days, purchases (parallel), programme_id, now. Writes tracking_reporting, in key order.
INSERT INTO tracking_reporting (merchant_id, programme_id, days, purchases, measured_at)
SELECT merchant_id, %(programme_id)s::uuid, days, purchases, %(now)s::timestamptz
FROM unnest(%(merchant_ids)s::uuid[], %(days)s::integer[], %(purchases)s::integer[]) AS m (merchant_id, days, purchases)
ORDER BY merchant_id
ON CONFLICT (merchant_id) DO UPDATE SET
    days = excluded.days, purchases = excluded.purchases, measured_at = excluded.measured_at;

-- name: delete_clicks
-- in: programme_id, before, count. Deletes the oldest clicks, so many at most, skipping what another run deletes.
-- Index: click_by_age. Locks: the rows it deletes.
DELETE FROM tracking_click WHERE id IN (
    SELECT id FROM tracking_click WHERE programme_id = %(programme_id)s AND clicked_at < %(before)s
    ORDER BY clicked_at LIMIT %(count)s FOR UPDATE SKIP LOCKED
);

-- name: delete_clicks_of
-- in: programme_id, wallet_id. Deletes a member's clicks, those of their visits included.
-- Indexes: click_of_wallet, visit_claim_of_wallet, click_of_visit, the primary key. Locks: the rows it deletes.
DELETE FROM tracking_click WHERE id IN (
    SELECT c.id FROM tracking_click AS c
    WHERE c.wallet_id = %(wallet_id)s AND c.programme_id = %(programme_id)s
    UNION ALL
    SELECT c.id FROM tracking_visitclaim AS claim JOIN tracking_click AS c ON c.visit_id = claim.visit_id
    WHERE claim.wallet_id = %(wallet_id)s AND claim.programme_id = %(programme_id)s AND c.wallet_id IS NULL
          AND c.programme_id = %(programme_id)s
);

-- name: delete_claims_of
-- in: programme_id, wallet_id. Deletes what says whose visits were. Index: visit_claim_of_wallet.
DELETE FROM tracking_visitclaim WHERE wallet_id = %(wallet_id)s AND programme_id = %(programme_id)s;

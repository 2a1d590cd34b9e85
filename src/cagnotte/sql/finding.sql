-- Finding shops: what a process keeps of them, searching by words, and who waits for a higher rate.

-- name: state_of_shops
-- in: programme_id. out: a text that differs once anything changed that is told of shops: versions of contracts and
-- offers, the shops and their pages, kinds of shops, names of products' categories and brands. Reads these of the
-- programme. Locks: none.
SELECT md5(concat_ws('|',
    (SELECT concat_ws(',', count(*), max(known_from), max(closed_at)) FROM catalog_offer
     WHERE programme_id = %(programme_id)s),
    (SELECT concat_ws(',', count(*), max(known_from), max(closed_at)) FROM catalog_contract
     WHERE programme_id = %(programme_id)s),
    (SELECT concat_ws(',', count(*), max(changed_at)) FROM catalog_shoppage WHERE programme_id = %(programme_id)s),
    (SELECT string_agg(md5(concat_ws(',', ref, name, icon, position)), '' ORDER BY ref) FROM catalog_shopcategory
     WHERE programme_id = %(programme_id)s),
    (SELECT string_agg(md5(concat_ws(',', kind, ref, name, site, hosts)), '' ORDER BY kind, ref) FROM identity_party
     WHERE programme_id = %(programme_id)s),
    (SELECT string_agg(md5(concat_ws(',', ref, name)), '' ORDER BY ref) FROM catalog_category
     WHERE programme_id = %(programme_id)s)
));

-- name: shops_of_programme
-- in: programme_id. out: what is told of each shop: merchant_id, ref, name, site, hosts, told (JSON as text), the first
-- letters of its logo's hash ("" without one), sort_key. Index: shop_page_of_programme. Locks: none.
SELECT party.id, party.ref, party.name, party.site, party.hosts, page.told::text,
    CASE WHEN page.logo = '' THEN '' ELSE left(md5(page.logo), 8) END, page.sort_key
FROM catalog_shoppage AS page
JOIN identity_party AS party ON party.id = page.merchant_id
WHERE page.programme_id = %(programme_id)s
ORDER BY page.sort_key, party.ref;

-- name: shops_with_words
-- in: programme_id, text: what is looked for; part: its longest word, and words: all its words, one a line, as patterns
-- for LIKE with their signs escaped. out: merchant_id and how well it fits, the best first: 4 its name begins so, 3
-- another name or a host does, 2 a word of it does, 1 it holds these letters. Index: shop_page_words, which needs the
-- pattern to be known when the query is planned, as a function of what was asked is. Locks: none.
SELECT page.merchant_id,
    CASE WHEN starts_with(page.folded, catalog_folded(%(text)s)) THEN 4
         WHEN strpos(page.folded, E'\n' || catalog_folded(%(text)s)) > 0 THEN 3
         WHEN strpos(page.folded, ' ' || catalog_folded(%(text)s)) > 0
             OR strpos(page.folded, '.' || catalog_folded(%(text)s)) > 0
             OR strpos(page.folded, '-' || catalog_folded(%(text)s)) > 0 THEN 2
         ELSE 1 END AS fits
FROM catalog_shoppage AS page
WHERE page.folded LIKE catalog_folded(%(part)s)
    AND page.folded LIKE ALL (string_to_array(catalog_folded(%(words)s), E'\n'))
    AND page.programme_id = %(programme_id)s
ORDER BY fits DESC, page.sort_key
LIMIT %(count)s;

-- name: closer_than
-- in: likeness, 0 to 1. Says from which likeness on words count as alike, for this database transaction.
SELECT set_config('pg_trgm.word_similarity_threshold', %(likeness)s, true);

-- name: shops_like
-- in: programme_id, text, count. out: merchant_id of shops one of whose names is spelled much like this, the likest
-- first; how like they must be was said before (`closer_than`). Index: shop_page_words. Locks: none.
SELECT page.merchant_id
FROM catalog_shoppage AS page
WHERE catalog_folded(%(text)s) <%% page.folded AND page.programme_id = %(programme_id)s
ORDER BY word_similarity(catalog_folded(%(text)s), page.folded) DESC, page.sort_key
LIMIT %(count)s;

-- name: due_alerts
-- in: programme_id; merchant_ids, worths, givens (as JSON), parallel: what shops give at best now; those that give
-- nothing are not among them. Notes for every member who waits for a higher rate what the shop gives now.
-- out: wallet_id, merchant_id and what it gave before (JSON as text; null = nothing), of those whose shop gives more than before.
-- Index: favourite_with_alert. Locks: the rows that change, in the order of their ids.
WITH given AS (
    SELECT * FROM unnest(%(merchant_ids)s::uuid[], %(worths)s::bigint[], %(givens)s::jsonb[])
        AS g (merchant_id, worth, told)
), changed AS (
    SELECT kept.id, kept.wallet_id, kept.merchant_id, kept.seen_worth, kept.seen, given.worth, given.told
    FROM catalog_favourite AS kept
    LEFT JOIN given ON given.merchant_id = kept.merchant_id
    WHERE kept.programme_id = %(programme_id)s AND kept.alert AND kept.seen_worth IS DISTINCT FROM given.worth
    ORDER BY kept.id
    FOR NO KEY UPDATE OF kept
), noted AS (
    UPDATE catalog_favourite AS kept SET seen_worth = changed.worth, seen = changed.told
    FROM changed WHERE kept.id = changed.id
)
SELECT changed.wallet_id, changed.merchant_id, changed.seen::text
FROM changed JOIN identity_wallet AS wallet ON wallet.id = changed.wallet_id
WHERE changed.worth > coalesce(changed.seen_worth, -1) AND wallet.closed_at IS NULL
ORDER BY changed.id;

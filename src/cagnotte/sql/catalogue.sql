-- The catalogue: products in and out, by whole sets.

-- name: products_of_programme
-- in: programme_id. out: sku, category_ref, brand_ref, gift_card, in no order. Reads the programme's products. No locks.
SELECT sku, category_ref, brand_ref, gift_card FROM catalog_product WHERE programme_id = %(programme_id)s;

-- name: products_named
-- in: programme_id, skus. out: as products_of_programme, of these articles. Index: product_sku_unique. No locks.
SELECT sku, category_ref, brand_ref, gift_card FROM catalog_product
WHERE programme_id = %(programme_id)s AND sku = ANY(%(skus)s);

-- name: create_product_stage
-- Makes the stage that one run fills by COPY; it vanishes with the database transaction.
CREATE TEMPORARY TABLE product_stage (
    line integer, sku text, name text, category_ref text, brand_ref text, gift_card boolean
) ON COMMIT DROP;

-- name: merge_products
-- in: programme_id, and the stage, where null means that the file says nothing: what stands then stays.
-- Writes catalog_product: new articles, and known ones whose facts differ, in the order of their keys.
-- out: new, changed. Index: product_sku_unique. Locks: the rows it changes.
WITH latest AS (
    -- The last row of an article counts, as if the rows had come one by one.
    SELECT DISTINCT ON (sku) * FROM product_stage ORDER BY sku, line DESC
), written AS (
    INSERT INTO catalog_product AS p (programme_id, sku, name, category_ref, brand_ref, gift_card)
    SELECT %(programme_id)s, l.sku, coalesce(l.name, known.name, ''), coalesce(l.category_ref, known.category_ref, ''),
           coalesce(l.brand_ref, known.brand_ref, ''), coalesce(l.gift_card, known.gift_card, false)
    FROM latest AS l
    LEFT JOIN catalog_product AS known ON known.programme_id = %(programme_id)s AND known.sku = l.sku
    ORDER BY l.sku
    ON CONFLICT (programme_id, sku) DO UPDATE SET
        name = excluded.name, category_ref = excluded.category_ref, brand_ref = excluded.brand_ref,
        gift_card = excluded.gift_card
    WHERE (p.name, p.category_ref, p.brand_ref, p.gift_card)
        IS DISTINCT FROM (excluded.name, excluded.category_ref, excluded.brand_ref, excluded.gift_card)
    -- A row that was just inserted has never been locked or deleted by anybody.
    RETURNING xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new)::integer, count(*) FILTER (WHERE NOT is_new)::integer FROM written;

-- name: drop_product_stage
-- Makes room for the next set in the same database transaction.
DROP TABLE product_stage;

-- name: copy_products
-- in: programme_id, to_id. Writes catalog_product: what the one programme has and the other lacks or has otherwise.
-- Index: product_sku_unique.
INSERT INTO catalog_product AS held (programme_id, sku, name, category_ref, brand_ref, gift_card)
SELECT %(to_id)s::uuid, sku, name, category_ref, brand_ref, gift_card FROM catalog_product
WHERE programme_id = %(programme_id)s ORDER BY sku
ON CONFLICT (programme_id, sku) DO UPDATE SET
    name = excluded.name, category_ref = excluded.category_ref, brand_ref = excluded.brand_ref,
    gift_card = excluded.gift_card
WHERE (held.name, held.category_ref, held.brand_ref, held.gift_card)
    IS DISTINCT FROM (excluded.name, excluded.category_ref, excluded.brand_ref, excluded.gift_card);

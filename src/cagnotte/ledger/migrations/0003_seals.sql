-- Seals: what finished batches contain, hashed and chained per programme. docs/reference/proofs.md says what is hashed.
--
-- Nothing here is touched while transactions are posted; `cagnotte ledger seal` fills it afterwards.

-- Salts are derived from this key. It protects what a proof does not disclose from whoever holds the proof; whoever reads
-- the database sees the amounts anyway, so the key need not be kept elsewhere.
CREATE TABLE ledger_seal_key (
    the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one),
    key bytea NOT NULL CHECK (octet_length(key) = 32)
);
INSERT INTO ledger_seal_key (key)
VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())));

CREATE TABLE ledger_seal (
    programme_id uuid NOT NULL,
    number integer NOT NULL CHECK (number >= 1),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    body text NOT NULL,
    mark xid8 NOT NULL,
    PRIMARY KEY (programme_id, number)
);
COMMENT ON COLUMN ledger_seal.body IS 'JSON, hashed as it stands here';
COMMENT ON COLUMN ledger_seal.mark IS 'all batches whose x is below were finished, and are in this seal or an earlier one';

CREATE TABLE ledger_sealed_batch (
    batch_id uuid NOT NULL,
    programme_id uuid NOT NULL,
    number integer NOT NULL,
    transactions integer NOT NULL CHECK (transactions >= 1),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (batch_id, programme_id),
    UNIQUE (programme_id, number, batch_id)
);
COMMENT ON COLUMN ledger_sealed_batch.transactions IS 'the batch''s transactions in this programme, which root is the tree of';

SELECT ledger_keep('ledger_seal_key');
SELECT ledger_keep('ledger_seal');
SELECT ledger_keep('ledger_sealed_batch');

-- The texts that are hashed, version 1. They never change: another text gets another name and another function. Written
-- out by hand, since json_build_array takes twice the time; dates by to_json, which no setting of a session changes.

CREATE FUNCTION ledger_leg_salt(key bytea, transaction_id uuid, leg smallint) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(key || uuid_send(transaction_id) || int2send(leg))
$$;

-- What a leg repeats of its transaction is not written again; a leg that does not repeat it truly has no text.
CREATE FUNCTION ledger_leg_text(e ledger_entry, t ledger_transaction) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN e.batch_id = t.batch_id AND e.book_id = t.book_id AND e.effective_on = t.effective_on THEN
        '["cagnotte-leg-1",' || e.leg || ',"' || e.account_id || '",' || to_json(e.currency) || ',' || e.amount_minor
        || ',' || e.row_mode || ']' END
$$;

CREATE FUNCTION ledger_transaction_text(t ledger_transaction, payload bytea, legs text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '["cagnotte-transaction-1","' || t.id || '",' || t.bucket || ',"' || t.programme_id || '","' || t.book_id
        || '",' || to_json(t.kind) || ',"' || t.fact_id || '",' || t.step || ',"' || t.batch_id || '",'
        || to_json(t.occurred_on) || ',' || to_json(t.effective_on) || ',' || to_json(t.recorded_at AT TIME ZONE 'UTC')
        || ',' || t.legs || ',"' || encode(payload, 'hex') || '",[' || coalesce(legs, '') || ']]'
$$;

CREATE FUNCTION ledger_owed_text(
    programme_id uuid, number integer, currency text, wallet_id uuid, pending bigint, confirmed bigint, available bigint,
    held bigint
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '["cagnotte-balance-1","' || programme_id || '",' || number || ',' || to_json(currency) || ',"' || wallet_id
        || '",' || pending || ',' || confirmed || ',' || available || ',' || held || ']'
$$;

-- The way in.

CREATE FUNCTION ledger_append_seal(
    programme uuid, seal_number integer, seal_body text, seal_mark xid8, batch_ids uuid[], counts integer[], roots bytea[]
) RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Append a programme's next seal with its batches, and return its hash. Refuses one that is not the next, does not name
-- the seal before it, or holds a batch that is unfinished. A batch sealed before is refused by the primary key.
DECLARE
    latest ledger_seal;
    told json := seal_body;
    written integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ledger_seal', 0));
    SELECT * INTO latest FROM ledger_seal s WHERE s.programme_id = programme ORDER BY s.number DESC LIMIT 1;
    IF seal_number <> coalesce(latest.number, 0) + 1
        OR (told ->> 'number', told ->> 'programme', told ->> 'previous', told ->> 'mark') IS DISTINCT FROM (
            seal_number::text, programme::text, encode(coalesce(latest.hash, '\x'), 'hex'), seal_mark::text)
        OR seal_mark > pg_snapshot_xmin(pg_current_snapshot())
    THEN
        RAISE EXCEPTION 'seal % of programme % is not the next one', seal_number, programme USING ERRCODE = 'LG009';
    END IF;
    INSERT INTO ledger_seal (programme_id, number, hash, body, mark)
    VALUES (programme, seal_number, sha256(convert_to(seal_body, 'UTF8')), seal_body, seal_mark)
    RETURNING * INTO latest;
    INSERT INTO ledger_sealed_batch (batch_id, programme_id, number, transactions, root)
    SELECT n.batch_id, programme, seal_number, n.transactions, n.root
    FROM unnest(batch_ids, counts, roots) AS n (batch_id, transactions, root)
    JOIN ledger_batch b ON b.batch_id = n.batch_id AND b.x < seal_mark
    ORDER BY n.batch_id;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> cardinality(batch_ids) THEN
        RAISE EXCEPTION 'a batch of seal % is not finished', seal_number USING ERRCODE = 'LG009';
    END IF;
    RETURN latest.hash;
END $$;

REVOKE ALL ON FUNCTION ledger_leg_salt, ledger_leg_text, ledger_transaction_text, ledger_owed_text, ledger_append_seal
    FROM PUBLIC;
REVOKE ALL ON ledger_seal_key, ledger_seal, ledger_sealed_batch FROM PUBLIC, cagnotte_app;
GRANT SELECT ON ledger_seal_key, ledger_seal, ledger_sealed_batch TO cagnotte_app;
GRANT EXECUTE ON FUNCTION ledger_leg_salt, ledger_leg_text, ledger_transaction_text, ledger_owed_text, ledger_append_seal
    TO cagnotte_app;

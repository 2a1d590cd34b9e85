-- Taking over from another system: opening balances.

-- name: standing_openings
-- in: programme_id, member_refs. out: the latest version of each row of those members. Reads by
-- opening_balance_version_unique. No locks: loads of one programme wait for each other on its row.
SELECT DISTINCT ON (member_ref, "row")
    member_ref, "row", version, opened_on, pending_minor, confirmed_minor, available_minor, available_on, expires_on
FROM catalog_openingbalance
WHERE programme_id = %(programme_id)s AND member_ref = ANY(%(member_refs)s)
ORDER BY member_ref, "row", version DESC;

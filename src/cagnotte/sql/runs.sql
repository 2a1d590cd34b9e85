-- What a process keeps of a programme, and what of it cannot be kept.

-- name: state_of_rules
-- in: programme_id. out: a text that differs once anything changed on which decisions rest: versions of contracts and
-- offers, parties, categories, the programme itself and its closed books. Reads these of the programme. Locks: none.
SELECT md5(concat_ws('|',
    (SELECT concat_ws(',', name, currency, timezone) FROM identity_programme WHERE id = %(programme_id)s),
    (SELECT concat_ws(',', count(*), max(known_from), max(closed_at)) FROM catalog_offer
     WHERE programme_id = %(programme_id)s),
    (SELECT concat_ws(',', count(*), max(known_from), max(closed_at)) FROM catalog_contract
     WHERE programme_id = %(programme_id)s),
    (SELECT string_agg(md5(concat_ws(',', kind, ref, name)), '' ORDER BY kind, ref) FROM identity_party
     WHERE programme_id = %(programme_id)s),
    (SELECT string_agg(md5(concat_ws(',', ref, parent_ref)), '' ORDER BY ref) FROM catalog_category
     WHERE programme_id = %(programme_id)s),
    (SELECT max(ends_on) FROM ledger_period WHERE programme_id = %(programme_id)s)
));

-- name: budgets_used
-- in: programme_id. out: how much of each offer's budget is used. Index: budget_slice_unique. Locks: none.
SELECT offer, sum(used_minor)::bigint FROM rewards_budgetslice
WHERE programme_id = %(programme_id)s GROUP BY offer;

-- name: member_facts
-- in: programme_id, member_id. out: the member's wallet and segments. Index: primary key. Locks: none.
SELECT wallet_id, segments FROM identity_member WHERE id = %(member_id)s AND programme_id = %(programme_id)s;

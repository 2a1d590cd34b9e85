-- Give up owing: what clawbacks left members owing and nothing has repaid within the period of its contract.

-- name: wallets_owing
-- in: programme_id, currency, after (a wallet id), at_most. out: wallets that owe something, in the order of their ids.
-- Index: ledger_account's key by programme and kind. No locks; whoever gives up looks again.
SELECT account.owner_id
FROM ledger_account AS account
INNER JOIN ledger_balance AS balance ON balance.account_id = account.id
WHERE
    account.programme_id = %(programme_id)s AND account.kind = 'member.owing' AND account.currency = %(currency)s
    AND balance.amount_minor > 0 AND account.owner_id > %(after)s
ORDER BY account.owner_id
LIMIT %(at_most)s;

-- name: overdue_debts
-- in: programme_id, currency, wallet_ids (locked before, and their balances), day. out: (wallet, fact, minor units) of
-- what is to be given up. Repayments go to the oldest debt, so what is still owed are the newest. A debt is named by the
-- purchase version that caused it, and what was given up of it bears the same name.
-- Index: ledger_entry_statement; the rest by primary keys. No locks of its own.
WITH owed AS (
    SELECT account.id AS account_id, account.owner_id AS wallet_id, balance.amount_minor AS owed_minor
    FROM ledger_account AS account
    INNER JOIN ledger_balance AS balance ON balance.account_id = account.id
    WHERE
        account.programme_id = %(programme_id)s AND account.kind = 'member.owing'
        AND account.currency = %(currency)s AND account.owner_id = ANY(%(wallet_ids)s) AND balance.amount_minor > 0
),

debt AS (
    SELECT
        owed.wallet_id, owed.owed_minor, made.fact_id, min(made.occurred_on) AS since,
        min(made.recorded_at) AS recorded_at, sum(entry.amount_minor) AS debt_minor
    FROM owed
    INNER JOIN ledger_entry AS entry ON entry.account_id = owed.account_id AND entry.row_mode
    INNER JOIN ledger_transaction AS made ON made.bucket = entry.bucket AND made.id = entry.transaction_id
    WHERE entry.amount_minor > 0 OR made.kind = 'owing_given_up'
    GROUP BY owed.wallet_id, owed.owed_minor, made.fact_id
    HAVING sum(entry.amount_minor) > 0
),

outstanding AS (
    SELECT
        wallet_id, fact_id, since,
        least(
            debt_minor,
            owed_minor + debt_minor
            - sum(debt_minor) OVER (PARTITION BY wallet_id ORDER BY recorded_at DESC, fact_id DESC)
        )::bigint AS left_minor
    FROM debt
)

SELECT outstanding.wallet_id, outstanding.fact_id, outstanding.left_minor
FROM outstanding
INNER JOIN purchases_purchaseversion AS version ON version.id = outstanding.fact_id
INNER JOIN rewards_reward AS reward ON reward.purchase_id = version.purchase_id
INNER JOIN rewards_decision AS made ON made.id = reward.decision_id
CROSS JOIN LATERAL jsonb_array_elements(made.decision -> 'contracts') AS named (contract)
INNER JOIN catalog_contract AS contract
    ON
        contract.programme_id = %(programme_id)s AND contract.ref = named.contract ->> 0
        AND contract.version = (named.contract ->> 1)::integer
WHERE
    outstanding.left_minor > 0 AND contract.ref = made.decision ->> 'policy'
    AND outstanding.since + (contract.definition ->> 'give_up_owing_days')::integer < %(day)s
ORDER BY outstanding.wallet_id, outstanding.fact_id;

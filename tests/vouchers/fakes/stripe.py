"""Balances of Stripe customers: forms, whole smallest units, and one answer for each Idempotency-Key."""

from decimal import Decimal
from typing import Any

from tests.sources.fakes.server import Asked, Refusal, Reply, json_bytes, json_reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

KEY, CUSTOMER = "sk_of_the_test", "cus_7001"
PLACE = "/v1/customers/{customer}/balance_transactions"
DECIMALS = {"eur": 2, "jpy": 0, "tnd": 3}


class StripeFake(VoucherFake):
    bearer = KEY

    def __init__(self, clock: Any) -> None:
        super().__init__(clock)
        self._answered: dict[str, tuple[bytes, Reply]] = {}

    @route("GET", PLACE)
    def listed(self, asked: Asked, customer: str) -> Reply:
        _known(customer)
        rows = [_row(one) for one in reversed(self.kept)]
        after = asked.query("starting_after")
        start = next((n + 1 for n, row in enumerate(rows) if row["id"] == after), 0)
        # One row a page, so that pages are turned.
        page = rows[start : start + 1]
        return json_reply({"object": "list", "data": page, "has_more": start + 1 < len(rows)})

    @route("POST", PLACE)
    def create(self, asked: Asked, customer: str) -> Reply:
        _known(customer)
        key = asked.headers["idempotency-key"]
        if key in self._answered:
            body, reply = self._answered[key]
            if body != asked.body:
                _refuse(
                    400, "Keys for idempotent requests can only be used with the same parameters."
                )
            return reply
        told = asked.form()
        if self.refusal:
            _refuse(400, self.refusal)
        amount, currency = int(told["amount"]), told["currency"]
        assert amount < 0, "credit is below zero"
        if DECIMALS[currency] == 3 and amount % 10:
            _refuse(400, "Invalid amount: must be evenly divisible by 10.")
        major = Decimal(-amount).scaleb(-DECIMALS[currency])
        kept = Kept(
            f"cbtxn_{len(self.kept) + 1}", told["metadata[cagnotte_voucher]"], "", major, ""
        )
        kept.currency, kept.customer = currency.upper(), customer
        self.kept.append(kept)
        self._answered[key] = asked.body, json_reply(_row(kept))
        return self._answered[key][1]


def _row(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.native_id,
        "object": "customer_balance_transaction",
        "metadata": {"cagnotte_voucher": kept.remark},
    }


def _known(customer: str) -> None:
    if customer != CUSTOMER:
        _refuse(404, f"No such customer: '{customer}'")


def _refuse(status: int, message: str) -> None:
    raise Refusal(
        status, json_bytes({"error": {"type": "invalid_request_error", "message": message}})
    )

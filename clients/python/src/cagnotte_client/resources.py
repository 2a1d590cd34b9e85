"""A class for each resource of the interface, for a client that waits.

Written by clients/generate_python.py from the description of the interface; do not edit.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

from cagnotte_client import shapes
from cagnotte_client.calls import Call, part, read_call, write_call
from cagnotte_client.pages import Pages

Send = Callable[[Call[Any]], Any]


class Programme:
    """The operations below `/v1/programme`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def get(self) -> shapes.Programme:
        """Return the programme that the key opens."""
        call: Call[Any] = read_call("/v1/programme")
        return cast("shapes.Programme", self._send(call))


class Merchants:
    """The operations below `/v1/merchants`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[shapes.Merchant]:
        """Return the programme's merchants, by reference.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
        """
        call: Call[Any] = read_call("/v1/merchants", {"limit": limit, "cursor": cursor})
        return Pages[shapes.Merchant](self._send, call)

    def get(self, merchant_id: str) -> shapes.Merchant:
        """Return one merchant."""
        call: Call[Any] = read_call(f"/v1/merchants/{part(merchant_id)}")
        return cast("shapes.Merchant", self._send(call))


class Brands:
    """The operations below `/v1/brands`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self, *, limit: int | None = None, cursor: str | None = None) -> Pages[shapes.Brand]:
        """Return the programme's brands, by reference.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
        """
        call: Call[Any] = read_call("/v1/brands", {"limit": limit, "cursor": cursor})
        return Pages[shapes.Brand](self._send, call)

    def get(self, brand_id: str) -> shapes.Brand:
        """Return one brand."""
        call: Call[Any] = read_call(f"/v1/brands/{part(brand_id)}")
        return cast("shapes.Brand", self._send(call))


class Contracts:
    """The operations below `/v1/contracts`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[shapes.Contract]:
        """Return every version of every contract that is in force on some day, by reference and version.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
        """
        call: Call[Any] = read_call("/v1/contracts", {"limit": limit, "cursor": cursor})
        return Pages[shapes.Contract](self._send, call)

    def get(self, contract_id: str) -> shapes.Contract:
        """Return one version of a contract."""
        call: Call[Any] = read_call(f"/v1/contracts/{part(contract_id)}")
        return cast("shapes.Contract", self._send(call))


class Offers:
    """The operations below `/v1/offers`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        on: str | None = None,
        merchant: str | None = None,
    ) -> Pages[shapes.Offer]:
        """Return the offers in force on a day, by reference; sentences follow Accept-Language (en, fr).

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            on: Those in force on this day; without it, today.
            merchant: Those that hold at this merchant.
        """
        call: Call[Any] = read_call(
            "/v1/offers", {"limit": limit, "cursor": cursor, "on": on, "merchant": merchant}
        )
        return Pages[shapes.Offer](self._send, call)

    def get(self, offer_id: str) -> shapes.Offer:
        """Return one version of an offer."""
        call: Call[Any] = read_call(f"/v1/offers/{part(offer_id)}")
        return cast("shapes.Offer", self._send(call))


class Members:
    """The operations below `/v1/members`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        ref: str,
        name: str | None = None,
        email: str | None = None,
        country: str | None = None,
        locale: str | None = None,
        segments: Sequence[str] | None = None,
        joined_on: str | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Member:
        """Enrol a member and open the cagnotte.

        A number that is taken is refused (409).

        Args:
            ref: Their number, as shops and files give it; unique in the programme.
            email: Empty: there is none any more.
            country: ISO 3166, in capitals.
            joined_on: Without it, today.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            "/v1/members",
            {
                "name": name,
                "email": email,
                "country": country,
                "locale": locale,
                "segments": segments,
                "ref": ref,
                "joined_on": joined_on,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Member", self._send(call))

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        ref: str | None = None,
        email: str | None = None,
    ) -> Pages[shapes.Member]:
        """Return members, by number.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            ref: The one of this number.
        """
        call: Call[Any] = read_call(
            "/v1/members", {"limit": limit, "cursor": cursor, "ref": ref, "email": email}
        )
        return Pages[shapes.Member](self._send, call)

    def get(
        self, member_id: str, *, expand: Sequence[Literal["cagnotte"]] | None = None
    ) -> shapes.Member:
        """Return one member; its ETag is what an If-Match of a change names.

        Args:
            expand: What is shown whole, not by id.
        """
        call: Call[Any] = read_call(f"/v1/members/{part(member_id)}", {"expand": expand})
        return cast("shapes.Member", self._send(call))

    def update(
        self,
        member_id: str,
        *,
        name: str | None = None,
        email: str | None = None,
        country: str | None = None,
        locale: str | None = None,
        segments: Sequence[str] | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Member:
        """Change a member.

        With If-Match, only while nobody else has (else 412).

        Args:
            email: Empty: there is none any more.
            country: ISO 3166, in capitals.
            if_match: The ETag of what was read (`meta`): what changed since is left as it is.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "PATCH",
            f"/v1/members/{part(member_id)}",
            {
                "name": name,
                "email": email,
                "country": country,
                "locale": locale,
                "segments": segments,
            },
            idempotency_key=idempotency_key,
            if_match=if_match,
        )
        return cast("shapes.Member", self._send(call))

    def close(self, member_id: str, *, idempotency_key: str | None = None) -> shapes.Closing:
        """Close a member's account: what can be paid goes with the next run, the rest is kept.

        Again: what came since.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST", f"/v1/members/{part(member_id)}/close", None, idempotency_key=idempotency_key
        )
        return cast("shapes.Closing", self._send(call))

    def create_token(
        self, member_id: str, *, idempotency_key: str | None = None
    ) -> shapes.MemberToken:
        """Make a token for this member's browser; hand it to nobody else.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST", f"/v1/members/{part(member_id)}/tokens", None, idempotency_key=idempotency_key
        )
        return cast("shapes.MemberToken", self._send(call))

    def list_consents(self, member_id: str) -> Pages[shapes.Consent]:
        """Return all that a member has agreed to and taken back, oldest first."""
        call: Call[Any] = read_call(f"/v1/members/{part(member_id)}/consents")
        return Pages[shapes.Consent](self._send, call)

    def create_consent(
        self,
        member_id: str,
        *,
        purpose: shapes.Purpose,
        granted: bool,
        source: str,
        text_version: str | None = None,
        idempotency_key: str | None = None,
    ) -> Pages[shapes.Consent]:
        """Keep that a member agrees to a purpose, or no longer does; return all acts.

        The same again changes nothing.

        Args:
            purpose: analytics: measuring with the tools of others. marketing: writing to the member,
                with a CRM.
            source: Where the member said so.
            text_version: Which wording the member agreed to; needed when it is granted.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/members/{part(member_id)}/consents",
            {
                "purpose": purpose,
                "granted": granted,
                "source": source,
                "text_version": text_version,
            },
            idempotency_key=idempotency_key,
        )
        return Pages[shapes.Consent](self._send, call)


class Cagnottes:
    """The operations below `/v1/cagnottes`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def get(self, cagnotte_id: str, *, as_of: str | None = None) -> shapes.Cagnotte:
        """Return what a member holds, by state.

        Args:
            as_of: What counted up to this day; without it, now.
        """
        call: Call[Any] = read_call(f"/v1/cagnottes/{part(cagnotte_id)}", {"as_of": as_of})
        return cast("shapes.Cagnotte", self._send(call))

    def list_movements(
        self, cagnotte_id: str, *, limit: int | None = None, cursor: str | None = None
    ) -> Pages[shapes.Movement]:
        """Return what changed a cagnotte, newest first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
        """
        call: Call[Any] = read_call(
            f"/v1/cagnottes/{part(cagnotte_id)}/movements", {"limit": limit, "cursor": cursor}
        )
        return Pages[shapes.Movement](self._send, call)

    def list_lots(self, cagnotte_id: str) -> Pages[shapes.Lot]:
        """Return all lots with something left, the one that is spent next first."""
        call: Call[Any] = read_call(f"/v1/cagnottes/{part(cagnotte_id)}/lots")
        return Pages[shapes.Lot](self._send, call)

    def get_payout_method(self, cagnotte_id: str) -> shapes.Method:
        """Return where the member wants the money; 404 when no account is on file."""
        call: Call[Any] = read_call(f"/v1/cagnottes/{part(cagnotte_id)}/payout_method")
        return cast("shapes.Method", self._send(call))

    def set_payout_method(
        self,
        cagnotte_id: str,
        *,
        holder: str,
        iban: str,
        bic: str | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Method:
        """Put the member's bank account on file; its number is checked, sealed, and shown nowhere again.

        Args:
            holder: Whose account it is.
            iban: Spaces are welcome.
            bic: Needed where the bank is not known.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "PUT",
            f"/v1/cagnottes/{part(cagnotte_id)}/payout_method",
            {"holder": holder, "iban": iban, "bic": bic},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Method", self._send(call))


class Holds:
    """The operations below `/v1/holds`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        order_ref: str,
        amount: shapes.AmountBody,
        cagnotte_id: str | None = None,
        member_id: str | None = None,
        member: str | None = None,
        pay_code: str | None = None,
        merchant_id: str | None = None,
        merchant: str | None = None,
        order_total: shapes.AmountBody | None = None,
        expires_in: int | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Hold:
        """Reserve money of a cagnotte for an order.

        The same order with the same amount is the same hold.

        Args:
            order_ref: The shop's own number of the order: the same order is the same hold.
            cagnotte_id: The cagnotte, wal_…
            member_id: Or its member, mem_…
            member: Or the member's number at the shop.
            pay_code: Or the code that the member shows at the till: it pays one order, within minutes.
            merchant_id: The shop, mer_…
            merchant: Or its name in files.
            order_total: What the order comes to; needed where only a part may come from the cagnotte.
            expires_in: Seconds after which the money goes back by itself; 24 hours at most. Without it,
                1800.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            "/v1/holds",
            {
                "cagnotte_id": cagnotte_id,
                "member_id": member_id,
                "member": member,
                "pay_code": pay_code,
                "merchant_id": merchant_id,
                "merchant": merchant,
                "order_ref": order_ref,
                "amount": amount,
                "order_total": order_total,
                "expires_in": expires_in,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Hold", self._send(call))

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, cagnotte_id: str | None = None
    ) -> Pages[shapes.Hold]:
        """Return holds, newest first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            cagnotte_id: Those of one cagnotte.
        """
        call: Call[Any] = read_call(
            "/v1/holds", {"limit": limit, "cursor": cursor, "cagnotte_id": cagnotte_id}
        )
        return Pages[shapes.Hold](self._send, call)

    def get(self, hold_id: str) -> shapes.Hold:
        """Return one hold."""
        call: Call[Any] = read_call(f"/v1/holds/{part(hold_id)}")
        return cast("shapes.Hold", self._send(call))

    def capture(
        self,
        hold_id: str,
        *,
        amount: shapes.AmountBody | None = None,
        lines: Sequence[shapes.OrderLine] | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Hold:
        """Spend a hold, in whole or in part; the rest goes back.

        One that expired is authorised anew, if money is there.

        Args:
            lines: What the order's lines cost. What the cagnotte pays is shared out over them for good,
                and refunds name lines.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/holds/{part(hold_id)}/capture",
            {"amount": amount, "lines": lines},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Hold", self._send(call))

    def release(self, hold_id: str, *, idempotency_key: str | None = None) -> shapes.Hold:
        """Give a hold up: all of it goes back.

        One that was captured is refunded instead (409).

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST", f"/v1/holds/{part(hold_id)}/release", None, idempotency_key=idempotency_key
        )
        return cast("shapes.Hold", self._send(call))

    def refund(
        self,
        hold_id: str,
        *,
        refund_ref: str,
        amount: shapes.AmountBody | None = None,
        lines: Sequence[shapes.OrderLine] | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Refund:
        """Give back what an order took, or a part of it; never more, and never twice under one number.

        Args:
            refund_ref: The shop's own number: the same one is the same refund.
            lines: What comes back of each line's price; the cagnotte gets its share of it.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/holds/{part(hold_id)}/refunds",
            {"refund_ref": refund_ref, "amount": amount, "lines": lines},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Refund", self._send(call))

    def list_refunds(self, hold_id: str) -> Pages[shapes.Refund]:
        """Return what came back of an order, oldest first."""
        call: Call[Any] = read_call(f"/v1/holds/{part(hold_id)}/refunds")
        return Pages[shapes.Refund](self._send, call)


class Vouchers:
    """The operations below `/v1/vouchers`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        reference: str,
        amount: shapes.AmountBody,
        valid_until: str,
        cagnotte_id: str | None = None,
        member_id: str | None = None,
        member: str | None = None,
        minimum_basket: shapes.AmountBody | None = None,
        valid_from: str | None = None,
        partial_use: bool | None = None,
        merchant_id: str | None = None,
        signed: bool | None = None,
        shop: shapes.AtShopBody | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Voucher:
        """Turn money of a cagnotte into a voucher.

        Its code is asked for apart.

        Args:
            reference: Your own name for it: the same one is the same voucher.
            valid_until: Its last day.
            cagnotte_id: The cagnotte, wal_…
            member_id: Or its member, mem_…
            member: Or the member's number at the shop.
            minimum_basket: What an order must come to; without it, anything.
            valid_from: Its first day; without it, today.
            partial_use: What an order does not need stays on it; false: used once. Without it, true, or
                what the shop's software does.
            merchant_id: The only shop that takes it; without one, all of them.
            signed: Tills can check it without a line; used once, never called off.
            shop: Have a shop's own software take it at its checkout; the worker tells the shop.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            "/v1/vouchers",
            {
                "cagnotte_id": cagnotte_id,
                "member_id": member_id,
                "member": member,
                "reference": reference,
                "amount": amount,
                "minimum_basket": minimum_basket,
                "valid_from": valid_from,
                "valid_until": valid_until,
                "partial_use": partial_use,
                "merchant_id": merchant_id,
                "signed": signed,
                "shop": shop,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Voucher", self._send(call))

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, cagnotte_id: str | None = None
    ) -> Pages[shapes.Voucher]:
        """Return vouchers, newest first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            cagnotte_id: Those of one cagnotte.
        """
        call: Call[Any] = read_call(
            "/v1/vouchers", {"limit": limit, "cursor": cursor, "cagnotte_id": cagnotte_id}
        )
        return Pages[shapes.Voucher](self._send, call)

    def check(
        self, *, code: str, merchant_id: str, basket: shapes.AmountBody
    ) -> shapes.VoucherCheck:
        """Say whether a voucher can be used for an order, and for how much of it.

        Args:
            code: As a person typed it, or the text of a signed voucher.
            merchant_id: The shop, mer_…
            basket: What the order comes to.
        """
        call: Call[Any] = Call(
            "POST",
            "/v1/vouchers/check",
            {},
            {"code": code, "merchant_id": merchant_id, "basket": basket},
            repeatable=True,
        )
        return cast("shapes.VoucherCheck", self._send(call))

    def redeem(
        self,
        *,
        code: str,
        merchant_id: str,
        basket: shapes.AmountBody,
        order_ref: str,
        amount: shapes.AmountBody | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.VoucherUse:
        """Pay an order, or a part of it, with a voucher.

        Args:
            code: As a person typed it, or the text of a signed voucher.
            merchant_id: The shop, mer_…
            basket: What the order comes to.
            order_ref: The shop's own number of the order: a voucher pays an order once.
            amount: What it shall pay; without it, what it can.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            "/v1/vouchers/redeem",
            {
                "code": code,
                "merchant_id": merchant_id,
                "basket": basket,
                "order_ref": order_ref,
                "amount": amount,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.VoucherUse", self._send(call))

    def tell_offline_uses(
        self, *, uses: Sequence[shapes.TakenOffline], idempotency_key: str | None = None
    ) -> shapes.OfflineAnswers:
        """Tell what a till without a line took of signed vouchers.

        Each has its own answer; telling it again is safe. A voucher that had been used before is
        reported as `double_…`: nothing a till could have known.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST", "/v1/vouchers/offline", {"uses": uses}, idempotency_key=idempotency_key
        )
        return cast("shapes.OfflineAnswers", self._send(call))

    def get(self, voucher_id: str) -> shapes.Voucher:
        """Return one voucher."""
        call: Call[Any] = read_call(f"/v1/vouchers/{part(voucher_id)}")
        return cast("shapes.Voucher", self._send(call))

    def show_code(self, voucher_id: str) -> shapes.VoucherCode:
        """Show a voucher's code, for its owner alone.

        Whoever has it can use it.
        """
        call: Call[Any] = Call(
            "POST", f"/v1/vouchers/{part(voucher_id)}/code", {}, None, repeatable=False
        )
        return cast("shapes.VoucherCode", self._send(call))

    def list_uses(self, voucher_id: str) -> Pages[shapes.VoucherUse]:
        """Return what a voucher paid, oldest first."""
        call: Call[Any] = read_call(f"/v1/vouchers/{part(voucher_id)}/uses")
        return Pages[shapes.VoucherUse](self._send, call)

    def void(self, voucher_id: str, *, idempotency_key: str | None = None) -> shapes.Voucher:
        """Call a voucher off: what it holds is the member's money again.

        Not a signed one (409). Where a shop's own software takes it, the shop ends it first: the
        voucher stays as it is, its `shop.state` says `calling_off`, and the money comes back when the
        shop has answered.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST", f"/v1/vouchers/{part(voucher_id)}/void", None, idempotency_key=idempotency_key
        )
        return cast("shapes.Voucher", self._send(call))


class VoucherUses:
    """The operations below `/v1/voucher_uses`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def refund(
        self,
        use_id: str,
        *,
        refund_ref: str,
        amount: shapes.AmountBody,
        idempotency_key: str | None = None,
    ) -> shapes.VoucherRefund:
        """Take back what a voucher paid of an order, or a part; never more, and never twice under one number.

        Args:
            refund_ref: The shop's own number: the same one is the same refund.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/voucher_uses/{part(use_id)}/refunds",
            {"refund_ref": refund_ref, "amount": amount},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.VoucherRefund", self._send(call))


class VoucherKeys:
    """The operations below `/v1/voucher_keys`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(self) -> Pages[shapes.VoucherKey]:
        """Return the public keys by which tills check signed vouchers; keep them at the till."""
        call: Call[Any] = read_call("/v1/voucher_keys")
        return Pages[shapes.VoucherKey](self._send, call)


class Payouts:
    """The operations below `/v1/payouts`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        cagnotte_id: str | None = None,
        member_id: str | None = None,
        member: str | None = None,
        amount: shapes.AmountBody | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Payout:
        """Ask for a payout: the money is held at once, and goes out with a run once it is approved.

        Args:
            cagnotte_id: The cagnotte, wal_…
            member_id: Or its member, mem_…
            member: Or the member's number at the shop.
            amount: Without it, all that is available and one payout pays. More than it pays is refused.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            "/v1/payouts",
            {
                "cagnotte_id": cagnotte_id,
                "member_id": member_id,
                "member": member,
                "amount": amount,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Payout", self._send(call))

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, cagnotte_id: str | None = None
    ) -> Pages[shapes.Payout]:
        """Return payouts, newest first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            cagnotte_id: Those of one cagnotte.
        """
        call: Call[Any] = read_call(
            "/v1/payouts", {"limit": limit, "cursor": cursor, "cagnotte_id": cagnotte_id}
        )
        return Pages[shapes.Payout](self._send, call)

    def get(self, payout_id: str) -> shapes.Payout:
        """Return one payout, with all that happened to it."""
        call: Call[Any] = read_call(f"/v1/payouts/{part(payout_id)}")
        return cast("shapes.Payout", self._send(call))

    def cancel(
        self, payout_id: str, *, reason: str | None = None, idempotency_key: str | None = None
    ) -> shapes.Payout:
        """Call a payout off: the money is the member's again.

        Not once it is in a file for the bank (409).

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/payouts/{part(payout_id)}/cancel",
            {"reason": reason},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Payout", self._send(call))


class Quotes:
    """The operations below `/v1/quotes`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        merchant: str,
        currency: str,
        lines: Sequence[shapes.LineBody],
        channel: Literal["web", "app", "store", "card"] | None = None,
        country: str | None = None,
        coupon_codes: Sequence[str] | None = None,
        delivery_minor: int | None = None,
        delivery_tax_minor: int | None = None,
        member_id: str | None = None,
    ) -> shapes.Quote:
        """Say what a basket would earn, in the language of Accept-Language (en, fr), and what more would bring.

        It changes nothing. Without a member it is for anybody, and may be kept for a minute.

        Args:
            merchant: The shop's reference.
            lines: Numbered from 1 in this order.
            country: ISO 3166, of the shopper.
            delivery_minor: Charged for delivery, tax included.
            delivery_tax_minor: Tax in it.
            member_id: Whose it is; with a publishable key, send the header Cagnotte-Member instead.
        """
        call: Call[Any] = Call(
            "POST",
            "/v1/quotes",
            {},
            {
                "merchant": merchant,
                "currency": currency,
                "lines": lines,
                "channel": channel,
                "country": country,
                "coupon_codes": coupon_codes,
                "delivery_minor": delivery_minor,
                "delivery_tax_minor": delivery_tax_minor,
                "member_id": member_id,
            },
            repeatable=True,
        )
        return cast("shapes.Quote", self._send(call))


class Purchases:
    """The operations below `/v1/purchases`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        merchant: str,
        currency: str,
        lines: Sequence[shapes.LineBody],
        occurred_at: str,
        order_ref: str,
        channel: Literal["web", "app", "store", "card"] | None = None,
        country: str | None = None,
        coupon_codes: Sequence[str] | None = None,
        delivery_minor: int | None = None,
        delivery_tax_minor: int | None = None,
        card: str | None = None,
        commission_minor: int | None = None,
        status: shapes.Validation | None = None,
        reason: shapes.NewPurchaseReason | None = None,
        member_ref: str | None = None,
        member_id: str | None = None,
        traces: Sequence[shapes.TraceBody] | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Purchase | shapes.Unattributed:
        """Tell of an order.

        The same again is answered 200; with other content it is refused (409): restate it. When no
        member is named and no trace leads to one, it is kept and earns nothing yet (202). It earns once
        it is sent again with its member, once its traces lead to one, or once a person says whose it
        is.

        Args:
            merchant: The shop's reference.
            lines: Numbered from 1 in this order.
            occurred_at: When it was bought, with its offset.
            order_ref: The shop's number of it; known once per merchant.
            country: ISO 3166, of the shopper.
            delivery_minor: Charged for delivery, tax included.
            delivery_tax_minor: Tax in it.
            card: Token of the paying card.
            commission_minor: The commission a network reports for it.
            status: Without it, pending until it is confirmed or declined.
            reason: Why it is declined.
            member_ref: The member's number.
            traces: Weighed by the rules of attribution when no member is named.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            "/v1/purchases",
            {
                "merchant": merchant,
                "currency": currency,
                "lines": lines,
                "channel": channel,
                "country": country,
                "coupon_codes": coupon_codes,
                "delivery_minor": delivery_minor,
                "delivery_tax_minor": delivery_tax_minor,
                "occurred_at": occurred_at,
                "card": card,
                "commission_minor": commission_minor,
                "status": status,
                "reason": reason,
                "order_ref": order_ref,
                "member_ref": member_ref,
                "member_id": member_id,
                "traces": traces,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Purchase | shapes.Unattributed", self._send(call))

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        merchant: str | None = None,
        member_id: str | None = None,
        state: shapes.Validation | None = None,
        order_ref: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Pages[shapes.Purchase]:
        """Return purchases, the last recorded first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            merchant: The merchant's reference.
            member_id: The member's id.
            state: As it stands.
            order_ref: The shop's number.
            since: Bought on this day or later.
            until: Bought on this day or earlier.
        """
        call: Call[Any] = read_call(
            "/v1/purchases",
            {
                "limit": limit,
                "cursor": cursor,
                "merchant": merchant,
                "member_id": member_id,
                "state": state,
                "order_ref": order_ref,
                "since": since,
                "until": until,
            },
        )
        return Pages[shapes.Purchase](self._send, call)

    def create_many(
        self, *, purchases: Sequence[shapes.NewPurchase], idempotency_key: str | None = None
    ) -> shapes.BatchAnswer:
        """Tell of up to 500 orders.

        The good ones are taken; each of the others comes back with what is wrong.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST", "/v1/purchases/batch", {"purchases": purchases}, idempotency_key=idempotency_key
        )
        return cast("shapes.BatchAnswer", self._send(call))

    def restate(
        self,
        purchase_id: str,
        *,
        merchant: str,
        currency: str,
        lines: Sequence[shapes.LineBody],
        occurred_at: str,
        channel: Literal["web", "app", "store", "card"] | None = None,
        country: str | None = None,
        coupon_codes: Sequence[str] | None = None,
        delivery_minor: int | None = None,
        delivery_tax_minor: int | None = None,
        card: str | None = None,
        commission_minor: int | None = None,
        status: shapes.Validation | None = None,
        reason: shapes.NewPurchaseReason | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Purchase:
        """Tell an order anew, whole; its reward follows, by the rules of its day.

        Only what this interface told of.

        Args:
            merchant: The shop's reference.
            lines: Numbered from 1 in this order.
            occurred_at: When it was bought, with its offset.
            country: ISO 3166, of the shopper.
            delivery_minor: Charged for delivery, tax included.
            delivery_tax_minor: Tax in it.
            card: Token of the paying card.
            commission_minor: The commission a network reports for it.
            status: Without it, pending until it is confirmed or declined.
            reason: Why it is declined.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/purchases/{part(purchase_id)}/restate",
            {
                "merchant": merchant,
                "currency": currency,
                "lines": lines,
                "channel": channel,
                "country": country,
                "coupon_codes": coupon_codes,
                "delivery_minor": delivery_minor,
                "delivery_tax_minor": delivery_tax_minor,
                "occurred_at": occurred_at,
                "card": card,
                "commission_minor": commission_minor,
                "status": status,
                "reason": reason,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Purchase", self._send(call))

    def get(self, purchase_id: str) -> shapes.Purchase:
        """Return one purchase with its lines."""
        call: Call[Any] = read_call(f"/v1/purchases/{part(purchase_id)}")
        return cast("shapes.Purchase", self._send(call))

    def confirm(self, purchase_id: str, *, idempotency_key: str | None = None) -> shapes.Purchase:
        """Confirm an order: what it earns waits for its delay only.

        Confirmed again, it stays as it is.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/purchases/{part(purchase_id)}/confirm",
            None,
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Purchase", self._send(call))

    def decline(
        self,
        purchase_id: str,
        *,
        reason: shapes.NewPurchaseReason,
        idempotency_key: str | None = None,
    ) -> shapes.Purchase:
        """Decline an order, and say why: it earns nothing.

        What was available already comes back by the contract.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/purchases/{part(purchase_id)}/decline",
            {"reason": reason},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Purchase", self._send(call))

    def cancel(self, purchase_id: str, *, idempotency_key: str | None = None) -> shapes.Purchase:
        """Cancel an order: it is declined, because the buyer or the shop cancelled it.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/purchases/{part(purchase_id)}/cancel",
            None,
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Purchase", self._send(call))

    def return_(
        self,
        purchase_id: str,
        *,
        lines: Sequence[shapes.ReturnedLine] | None = None,
        amount_minor: int | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Purchase:
        """Say all that came back of an order so far.

        It replaces what was said before: the same again is the same.

        Args:
            amount_minor: For no line in particular.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/purchases/{part(purchase_id)}/returns",
            {"lines": lines, "amount_minor": amount_minor},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Purchase", self._send(call))


class Rewards:
    """The operations below `/v1/rewards`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(
        self, *, limit: int | None = None, cursor: str | None = None, member_id: str | None = None
    ) -> Pages[shapes.RewardShown]:
        """Return rewards, those of the last recorded purchases first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            member_id: The member's id.
        """
        call: Call[Any] = read_call(
            "/v1/rewards", {"limit": limit, "cursor": cursor, "member_id": member_id}
        )
        return Pages[shapes.RewardShown](self._send, call)

    def get(
        self, reward_id: str, *, audience: Literal["member", "operator"] | None = None
    ) -> shapes.Reward:
        """Return a reward with its decision, explained in the language of Accept-Language (en, fr).

        Args:
            audience: member: without commissions, contracts, segments and funders.
        """
        call: Call[Any] = read_call(f"/v1/rewards/{part(reward_id)}", {"audience": audience})
        return cast("shapes.Reward", self._send(call))


class Events:
    """The operations below `/v1/events`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        type: str | None = None,
        object_id: str | None = None,
        created_since: str | None = None,
        created_until: str | None = None,
    ) -> Pages[shapes.Event]:
        """Return events of the last 30 days, the latest first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            type: One of the catalogue, such as reward.tracked.
            object_id: Only what is about this.
            created_since: Created at that moment or later.
            created_until: Created before.
        """
        call: Call[Any] = read_call(
            "/v1/events",
            {
                "limit": limit,
                "cursor": cursor,
                "type": type,
                "object_id": object_id,
                "created_since": created_since,
                "created_until": created_until,
            },
        )
        return Pages[shapes.Event](self._send, call)

    def get(self, event_id: str) -> shapes.Event:
        """Return one event."""
        call: Call[Any] = read_call(f"/v1/events/{part(event_id)}")
        return cast("shapes.Event", self._send(call))


class WebhookEndpoints:
    """The operations below `/v1/webhook_endpoints`."""

    def __init__(self, send: Send) -> None:
        self._send = send

    def create(
        self,
        *,
        url: str,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
        envelope: Literal["standard", "cloudevents"] | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.WebhookEndpointWithSecret:
        """Name an address that is told of events from now on; its secret is shown this once.

        Args:
            url: Where events are sent: https://, on the open internet.
            description: For people.
            event_types: What it hears of; an empty list: everything.
            envelope: standard: id, type, timestamp, data. cloudevents: CloudEvents 1.0. Without it,
                "standard".
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            "/v1/webhook_endpoints",
            {
                "url": url,
                "description": description,
                "event_types": event_types,
                "envelope": envelope,
            },
            idempotency_key=idempotency_key,
        )
        return cast("shapes.WebhookEndpointWithSecret", self._send(call))

    def list(self) -> Pages[shapes.WebhookEndpoint]:
        """Return all endpoints; a programme has 20 at most."""
        call: Call[Any] = read_call("/v1/webhook_endpoints")
        return Pages[shapes.WebhookEndpoint](self._send, call)

    def get(self, webhook_endpoint_id: str) -> shapes.WebhookEndpoint:
        """Return one endpoint; its ETag is what an If-Match of a change names."""
        call: Call[Any] = read_call(f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}")
        return cast("shapes.WebhookEndpoint", self._send(call))

    def update(
        self,
        webhook_endpoint_id: str,
        *,
        url: str | None = None,
        description: str | None = None,
        event_types: Sequence[str] | None = None,
        envelope: Literal["standard", "cloudevents"] | None = None,
        enabled: bool | None = None,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.WebhookEndpoint:
        """Change an endpoint, or switch it off or on.

        With If-Match, only while nobody else has (else 412).

        Args:
            enabled: false: nothing is sent; what is on its way is given up.
            if_match: The ETag of what was read (`meta`): what changed since is left as it is.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "PATCH",
            f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}",
            {
                "url": url,
                "description": description,
                "event_types": event_types,
                "envelope": envelope,
                "enabled": enabled,
            },
            idempotency_key=idempotency_key,
            if_match=if_match,
        )
        return cast("shapes.WebhookEndpoint", self._send(call))

    def delete(self, webhook_endpoint_id: str, *, idempotency_key: str | None = None) -> None:
        """Remove an endpoint with the log of its deliveries; what is on its way is sent no more.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "DELETE",
            f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}",
            None,
            idempotency_key=idempotency_key,
        )
        self._send(call)

    def rotate_webhook_secret(
        self,
        webhook_endpoint_id: str,
        *,
        keep_hours: int | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.WebhookEndpointWithSecret:
        """Give an endpoint a new secret, shown this once; for some hours both sign what is sent.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}/rotate_secret",
            {"keep_hours": keep_hours},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.WebhookEndpointWithSecret", self._send(call))

    def send_test_event(
        self, webhook_endpoint_id: str, *, idempotency_key: str | None = None
    ) -> shapes.Delivery:
        """Send an endpoint an event that means nothing (webhook_endpoint.test), to see whether it arrives.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}/test",
            None,
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Delivery", self._send(call))

    def list_deliveries(
        self,
        webhook_endpoint_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        state: Literal["pending", "delivered", "skipped", "failed"] | None = None,
    ) -> Pages[shapes.Delivery]:
        """Return what was sent to an endpoint, and what became of it, the latest events first.

        Args:
            limit: How many at most, 1 to 100.
            cursor: `next_cursor` of the page before; leave it out for the first.
            state: Only those.
        """
        call: Call[Any] = read_call(
            f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}/deliveries",
            {"limit": limit, "cursor": cursor, "state": state},
        )
        return Pages[shapes.Delivery](self._send, call)

    def replay_delivery(
        self, webhook_endpoint_id: str, event_id: str, *, idempotency_key: str | None = None
    ) -> shapes.Delivery:
        """Send an event to an endpoint once more, under the same id, whatever became of it before.

        Args:
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}/deliveries/{part(event_id)}/replay",
            None,
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Delivery", self._send(call))

    def replay_since(
        self,
        webhook_endpoint_id: str,
        *,
        since: str,
        only_lost: bool | None = None,
        idempotency_key: str | None = None,
    ) -> shapes.Replayed:
        """Send the events since a moment again, under the same ids: those that never arrived, or all of them.

        Args:
            since: Those told since; 30 days are kept.
            only_lost: Only those that never arrived; false: all of them. Without it, true.
            idempotency_key: Made up for each call; give your own to repeat one of before.
        """
        call: Call[Any] = write_call(
            "POST",
            f"/v1/webhook_endpoints/{part(webhook_endpoint_id)}/replay",
            {"since": since, "only_lost": only_lost},
            idempotency_key=idempotency_key,
        )
        return cast("shapes.Replayed", self._send(call))


class Resources:
    """All resources, as a client has them."""

    def send(self, call: Call[Any]) -> Any:
        """Send a call and return its answer."""
        raise NotImplementedError

    @property
    def programme(self) -> Programme:
        """What is below `/v1/programme`."""
        return Programme(self.send)

    @property
    def merchants(self) -> Merchants:
        """What is below `/v1/merchants`."""
        return Merchants(self.send)

    @property
    def brands(self) -> Brands:
        """What is below `/v1/brands`."""
        return Brands(self.send)

    @property
    def contracts(self) -> Contracts:
        """What is below `/v1/contracts`."""
        return Contracts(self.send)

    @property
    def offers(self) -> Offers:
        """What is below `/v1/offers`."""
        return Offers(self.send)

    @property
    def members(self) -> Members:
        """What is below `/v1/members`."""
        return Members(self.send)

    @property
    def cagnottes(self) -> Cagnottes:
        """What is below `/v1/cagnottes`."""
        return Cagnottes(self.send)

    @property
    def holds(self) -> Holds:
        """What is below `/v1/holds`."""
        return Holds(self.send)

    @property
    def vouchers(self) -> Vouchers:
        """What is below `/v1/vouchers`."""
        return Vouchers(self.send)

    @property
    def voucher_uses(self) -> VoucherUses:
        """What is below `/v1/voucher_uses`."""
        return VoucherUses(self.send)

    @property
    def voucher_keys(self) -> VoucherKeys:
        """What is below `/v1/voucher_keys`."""
        return VoucherKeys(self.send)

    @property
    def payouts(self) -> Payouts:
        """What is below `/v1/payouts`."""
        return Payouts(self.send)

    @property
    def quotes(self) -> Quotes:
        """What is below `/v1/quotes`."""
        return Quotes(self.send)

    @property
    def purchases(self) -> Purchases:
        """What is below `/v1/purchases`."""
        return Purchases(self.send)

    @property
    def rewards(self) -> Rewards:
        """What is below `/v1/rewards`."""
        return Rewards(self.send)

    @property
    def events(self) -> Events:
        """What is below `/v1/events`."""
        return Events(self.send)

    @property
    def webhook_endpoints(self) -> WebhookEndpoints:
        """What is below `/v1/webhook_endpoints`."""
        return WebhookEndpoints(self.send)

"""Everything that is kept of a member: one list, which export, erasure and the page about privacy are made from.

A `Holding` is one table: whose rows are a member's, which columns are handed over, which are personal and kept back,
and what erasure does. A `Subject` is what holdings are for: why they are kept, by what right (Article 6 of the GDPR)
and for how long. A table that could hold something of a person and stands in no list fails a test
(tests/journeys/test_personal_data.py), so that nothing is forgotten when a column is added.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db.models import F, Func, JSONField, QuerySet, TextField, Value
from django.db.models.expressions import Combinable
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cagnotte.identity.models import Member, Membership, Staff

Text = str | Promise


class Fate(StrEnum):
    """What erasure does with the rows of a holding."""

    DELETED = "deleted"
    BLANKED = "blanked"
    """The personal columns lose what they held; the rest of the row stays, as part of the books."""
    KEPT = "kept"
    """It holds amounts, days and ids of our own, which lead to nobody once the rest is gone."""


class Basis(StrEnum):
    """By what right something is kept: the letters of Article 6 (1) of the GDPR."""

    CONTRACT = "b"
    LAW = "c"
    CONSENT = "a"
    INTEREST = "f"


@dataclass(frozen=True, slots=True)
class Subject:
    """What several holdings are for, in the words of the page about privacy."""

    title: Text
    what: Text
    why: Text
    basis: Basis
    how_long: Text


@dataclass(frozen=True, slots=True)
class Owner:
    """A member whose data is looked for. person_id: who signs in as the member; None where nobody does.

    is_shared: the person is also somebody else here, such as a member of another programme, and signs in on.
    """

    member: Member
    person_id: int | None
    is_shared: bool
    pseudonym: str = ""

    @property
    def wallet_id(self) -> UUID:
        """The member's cagnotte."""
        return self.member.wallet_id


@dataclass(frozen=True, slots=True)
class Holding:
    """One table of a subject.

    Attributes:
        table: the model, as APP.NAME.
        by: the column by which a member's rows are found. of: what it holds: wallet, member or person, or, with
            `through`, the ids (or `through_column`) of that holding's rows.
        told: the columns that are handed over, in order. kept_back: personal columns that are not: hashes, sealed
            codes, and what would tell of others.
        blanks: what the personal columns hold after erasure; a function is given the owner.
    """

    subject: str
    table: str
    by: str
    told: tuple[str, ...]
    of: str = "wallet"
    through: str = ""
    through_column: str = "pk"
    kept_back: tuple[str, ...] = ()
    fate: Fate = Fate.KEPT
    blanks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> Any:
        """The table's model. Raises LookupError where it is not installed."""
        return apps.get_model(self.table)

    @property
    def is_there(self) -> bool:
        """Whether the table is installed."""
        label, _dot, name = self.table.partition(".")
        return name.lower() in apps.all_models[label]

    @property
    def is_of_person(self) -> bool:
        """Whether it belongs to who signs in, who may be a member elsewhere too."""
        return self.of == "person" or bool(self.through and HOLDING_OF[self.through].is_of_person)

    def values(self, owner: Owner) -> dict[str, Any]:
        """Return what the blanked columns hold after erasure."""
        return {
            name: value(owner) if callable(value) else value for name, value in self.blanks.items()
        }


def owner_of(member: Member) -> Owner:
    """Return whose data it is, with whoever signs in as the member."""
    membership = Membership.objects.filter(member=member).first()
    if membership is None:
        return Owner(member, None, is_shared=False)
    person_id = membership.person_id
    elsewhere = Membership.objects.filter(person_id=person_id).exclude(id=membership.id)
    is_shared = (
        elsewhere.exists()
        or Staff.objects.filter(person_id=person_id).exists()
        or bool(membership.person.is_staff)
    )
    return Owner(member, person_id, is_shared=is_shared)


def rows_of(holding: Holding, owner: Owner) -> QuerySet[Any]:
    """Return the rows of a holding that are a member's."""
    found = holding.model._default_manager  # noqa: SLF001 - the public way to any model's rows
    if holding.through:
        before = rows_of(HOLDING_OF[holding.through], owner)
        return found.filter(**{f"{holding.by}__in": before.values(holding.through_column)})  # type: ignore[no-any-return]
    asked = {
        "wallet": owner.wallet_id,
        "member": owner.member.id,
        "number": owner.member.ref,
        "person": owner.person_id,
    }[holding.of]
    rows = found.filter(**{holding.by: asked})
    if holding.of == "number":
        rows = rows.filter(programme_id=owner.member.programme_id)
    return rows.none() if asked is None else rows  # type: ignore[no-any-return]


def _pseudonym(owner: Owner) -> str:
    return owner.pseudonym


def _no_list(_owner: Owner) -> list[str]:
    return []


def _with_pseudonym(owner: Owner) -> Combinable:
    """Return what an event tells, with the pseudonym wherever the member's number stands; a key is never added."""
    told: Combinable = F("data")
    for key in ("member_ref", "ref"):
        put = Value(owner.pseudonym, output_field=JSONField())
        path = Value([key], output_field=ArrayField(TextField()))
        told = Func(told, path, put, Value(value=False), function="jsonb_set")
    return told


def _no_headers(_owner: Owner) -> dict[str, str]:
    return {}


TEN_YEARS = _("As long as the programme keeps its books: ten years in France.")

SUBJECTS: Mapping[str, Subject] = {
    "account": Subject(
        _("Your account"),
        _(
            "Member number, name, e-mail address, country, language, groups you belong to, birthday if you gave it."
        ),
        _("To know whose cagnotte it is and to write to you."),
        Basis.CONTRACT,
        _("Until you have your account erased."),
    ),
    "sign_in": Subject(
        _("Signing in"),
        _(
            "E-mail addresses, password (as a hash), passkeys, authenticator app, sessions with browser and IP address."
        ),
        _("To let you in, and nobody else."),
        Basis.CONTRACT,
        _(
            "Until you remove them or have your account erased; a session until you sign out, or it ends by itself."
        ),
    ),
    "keys": Subject(
        _("What you are recognised by"),
        _("Codes, tokens of linked cards, receipts handed in, the hash of your e-mail address."),
        _("To find your purchases where no link was followed."),
        Basis.CONTRACT,
        _("Until you unlink them or have your account erased."),
    ),
    "consents": Subject(
        _("What you agreed to"),
        _("Each yes and no, with its moment, its place and the version of the words."),
        _("To be able to prove it."),
        Basis.LAW,
        _("As long as it may have to be proven, under a pseudonym after erasure."),
    ),
    "visits": Subject(
        _("Visits to shops"),
        _(
            "Which shop, when, from which kind of device, and the rate that was promised. No IP address."
        ),
        _("To give you the cashback of what you buy there."),
        Basis.CONTRACT,
        _("400 days, then they are deleted."),
    ),
    "purchases": Subject(
        _("Purchases"),
        _(
            "Shop, order number, day, amounts, articles where the shop tells them, and each change since."
        ),
        _("To compute your cashback, to explain it and to answer claims."),
        Basis.CONTRACT,
        TEN_YEARS,
    ),
    "messages": Subject(
        _("What shops and networks sent"),
        _("The messages that told of your orders, as they came; some hold your e-mail address."),
        _("To read them again when something was misunderstood."),
        Basis.INTEREST,
        _("Until the programme clears them, or you have your account erased."),
    ),
    "money": Subject(
        _("Your money"),
        _("Every movement of your cagnotte: earned, confirmed, spent, paid, expired."),
        _("To owe you the right amount, to the cent."),
        Basis.LAW,
        TEN_YEARS,
    ),
    "bank": Subject(
        _("Bank details and payouts"),
        _("Holder, IBAN (encrypted), and each payout with its steps."),
        _("To pay you."),
        Basis.CONTRACT,
        _(
            "Bank details until you change them or have your account erased; payouts as long as the books."
        ),
    ),
    "vouchers": Subject(
        _("Vouchers"),
        _("Amount, validity, use; the code as a hash."),
        _("To redeem them."),
        Basis.CONTRACT,
        TEN_YEARS,
    ),
    "claims": Subject(
        _("Claims"),
        _("What you asked, what you sent along, and the answers."),
        _("To find cashback that is missing."),
        Basis.CONTRACT,
        _("Until you have your account erased; the outcome as long as the books."),
    ),
    "notices": Subject(
        _("Notices to you"),
        _("What you were told, by which channel, and which channels you chose."),
        _("To keep you informed, and to tell you nothing twice."),
        Basis.CONTRACT,
        _("Until you have your account erased."),
    ),
    "wishes": Subject(
        _("Favourites and suggestions"),
        _("Shops you marked, and shops you wished for."),
        _("To show them to you and to tell you when a rate rises."),
        Basis.CONTRACT,
        _("Until you remove them or have your account erased."),
    ),
    "friends": Subject(
        _("Friends"),
        _("Your code, and which cagnottes were opened with it."),
        _("To note whom you brought."),
        Basis.CONTRACT,
        _("Your code until you have your account erased; who was brought, under pseudonyms."),
    ),
    "letters": Subject(
        _("Messages to the programme"),
        _("What you wrote on the contact page, and the address to answer to."),
        _("To answer you, also when a mail was lost."),
        Basis.INTEREST,
        _("Twelve months."),
    ),
}
"""What is kept and why, by the name that holdings use. In the order of the page."""

# Abbreviations for what is said again and again below.
_DELETED, _BLANKED = Fate.DELETED, Fate.BLANKED
_PERSON = settings.AUTH_USER_MODEL

HOLDINGS: tuple[Holding, ...] = (
    Holding("account", "identity.Wallet", "id", ("id", "opened_at", "closed_at", "frozen")),
    Holding(
        "sign_in",
        "sessions.Session",
        "session_key",
        ("expire_date",),
        through="usersessions.UserSession",
        through_column="session_key",
        kept_back=("session_key", "session_data"),
        fate=_DELETED,
    ),
    Holding(
        "sign_in",
        "usersessions.UserSession",
        "user_id",
        ("created_at", "last_seen_at", "ip", "user_agent"),
        of="person",
        kept_back=("session_key", "data"),
        fate=_DELETED,
    ),
    Holding(
        "sign_in",
        "mfa.Authenticator",
        "user_id",
        ("type", "created_at", "last_used_at"),
        of="person",
        kept_back=("data",),
        fate=_DELETED,
    ),
    Holding(
        "sign_in",
        "socialaccount.SocialToken",
        "account_id",
        ("expires_at",),
        through="socialaccount.SocialAccount",
        kept_back=("token", "token_secret"),
        fate=_DELETED,
    ),
    Holding(
        "sign_in",
        "socialaccount.SocialAccount",
        "user_id",
        ("provider", "uid", "last_login", "date_joined", "extra_data"),
        of="person",
        fate=_DELETED,
    ),
    Holding(
        "sign_in",
        "account.EmailConfirmation",
        "email_address_id",
        ("created", "sent"),
        through="account.EmailAddress",
        kept_back=("key",),
        fate=_DELETED,
    ),
    Holding(
        "sign_in",
        "account.EmailAddress",
        "user_id",
        ("email", "verified", "primary"),
        of="person",
        fate=_DELETED,
    ),
    Holding(
        "sign_in",
        _PERSON,
        "id",
        ("username", "email", "first_name", "last_name", "date_joined", "last_login"),
        of="person",
        kept_back=("password",),
        fate=_DELETED,
    ),
    Holding("sign_in", "identity.Membership", "member_id", ("since",), of="member", fate=_DELETED),
    Holding(
        "account",
        "identity.Member",
        "wallet_id",
        ("ref", "name", "email", "country", "locale", "segments", "joined_on"),
        fate=_BLANKED,
        blanks={"ref": _pseudonym, "name": "", "email": "", "country": "", "segments": _no_list},
    ),
    Holding("keys", "identity.MemberKey", "wallet_id", ("kind", "value", "since"), fate=_DELETED),
    Holding(
        "consents",
        "identity.Consent",
        "wallet_id",
        ("purpose", "granted", "at", "source", "text_version"),
    ),
    Holding(
        "visits",
        "tracking.Click",
        "wallet_id",
        (
            "ref",
            "merchant_id",
            "clicked_at",
            "offer_ref",
            "promised",
            "device",
            "consent",
            "origin",
            "path",
            "via",
        ),
        kept_back=("visit_id",),
        fate=_DELETED,
    ),
    Holding(
        "visits",
        "tracking.VisitClaim",
        "wallet_id",
        ("claimed_at",),
        kept_back=("visit_id",),
        fate=_DELETED,
    ),
    Holding(
        "purchases",
        "purchases.Purchase",
        "wallet_id",
        (
            "id",
            "order_ref",
            "merchant_id",
            "occurred_at",
            "currency",
            "amount_minor",
            "validation",
            "reason",
            "confirmed_on",
            "release_on",
            "attributed_by",
        ),
    ),
    Holding(
        "purchases",
        "purchases.PurchaseVersion",
        "purchase_id",
        ("purchase_id", "number", "recorded_at", "event", "validation", "reason", "facts"),
        through="purchases.Purchase",
    ),
    Holding(
        "purchases",
        "purchases.AppendedReturn",
        "purchase_id",
        ("purchase_id", "received_at", "items"),
        through="purchases.Purchase",
    ),
    Holding(
        "purchases",
        "rewards.Reward",
        "wallet_id",
        (
            "purchase_id",
            "currency",
            "base_minor",
            "amount_minor",
            "released_minor",
            "vouchered_minor",
            "kept_minor",
        ),
    ),
    Holding(
        "purchases",
        "rewards.Decision",
        "purchase_id",
        ("purchase_id", "rules_at"),
        through="purchases.Purchase",
        # What companies pay each other; the page of the purchase tells the member's part of it in sentences.
        kept_back=("decision", "frozen"),
    ),
    Holding(
        "purchases", "rewards.Counter", "wallet_id", ("name", "period", "amount_minor", "count")
    ),
    Holding(
        "purchases",
        "catalog.OpeningBalance",
        "wallet_id",
        (
            "row",
            "version",
            "opened_on",
            "pending_minor",
            "confirmed_minor",
            "available_minor",
            "expires_on",
        ),
        kept_back=("member_ref",),
    ),
    Holding(
        "messages",
        "purchases.ObservationBody",
        "observation_id",
        ("body",),
        through="purchases.Observation",
        fate=_DELETED,
    ),
    Holding(
        "messages",
        "purchases.Observation",
        "purchase_id",
        ("purchase_id", "outcome", "received_at"),
        through="purchases.Purchase",
        kept_back=("delivery_key",),
    ),
    # The bytes themselves may hold other members' orders, so that they are not handed over; erasure deletes them.
    Holding(
        "messages",
        "inbox.Body",
        "sha256",
        ("kept_at",),
        through="inbox.Message",
        through_column="body_sha256",
        kept_back=("content",),
        fate=_DELETED,
    ),
    Holding(
        "messages",
        "inbox.Message",
        "id",
        ("received_at", "topic", "state"),
        through="inbox.Piece",
        through_column="message_id",
        kept_back=("headers",),
        fate=_BLANKED,
        blanks={"headers": _no_headers},
    ),
    # Addresses in them are blanked one by one: what shops still tell of the order goes on being understood.
    Holding(
        "messages",
        "inbox.Piece",
        "order_id",
        ("order_id", "key", "version_at", "data"),
        through="inbox.Order",
    ),
    Holding(
        "messages",
        "inbox.Order",
        "wallet_id",
        (
            "id",
            "object_id",
            "state",
            "order_ref",
            "merchant",
            "occurred_at",
            "amount_minor",
            "currency",
            "attribution",
        ),
    ),
    Holding(
        "money",
        "ledger.LedgerTransaction",
        "book_id",
        ("id", "kind", "occurred_on", "effective_on", "recorded_at"),
    ),
    Holding("money", "ledger.LedgerAccount", "owner_id", ("kind", "currency")),
    Holding(
        "money",
        "rewards.Lot",
        "wallet_id",
        (
            "purchase_id",
            "currency",
            "amount_minor",
            "remaining_minor",
            "expired_minor",
            "available_on",
            "expires_on",
        ),
    ),
    Holding(
        "money",
        "wallet.Hold",
        "wallet_id",
        (
            "id",
            "purpose",
            "reference",
            "currency",
            "amount_minor",
            "captured_minor",
            "state",
            "created_at",
            "resolved_at",
        ),
    ),
    Holding(
        "money",
        "wallet.HoldAllocation",
        "wallet_id",
        ("hold_id", "amount_minor", "captured_minor", "returned_minor"),
    ),
    Holding(
        "money",
        "wallet.Capture",
        "wallet_id",
        (
            "hold_id",
            "merchant_id",
            "currency",
            "amount_minor",
            "fee_minor",
            "refunded_minor",
            "captured_at",
        ),
    ),
    Holding(
        "money",
        "wallet.Refund",
        "wallet_id",
        (
            "capture_id",
            "reference",
            "currency",
            "amount_minor",
            "fee_minor",
            "repaid_minor",
            "refunded_at",
        ),
    ),
    Holding(
        "vouchers",
        "wallet.VoucherAtShop",
        "voucher_id",
        ("state", "starts_at", "ends_at", "told_at"),
        through="wallet.Voucher",
        kept_back=("sealed_customer", "sealed_code"),
        fate=_BLANKED,
        blanks={"sealed_customer": ""},
    ),
    Holding(
        "vouchers",
        "wallet.Voucher",
        "wallet_id",
        (
            "id",
            "state",
            "currency",
            "amount_minor",
            "used_minor",
            "last4",
            "valid_from",
            "valid_until",
            "created_at",
        ),
        kept_back=("code_hash",),
    ),
    Holding(
        "vouchers",
        "wallet.VoucherUse",
        "wallet_id",
        ("voucher_id", "merchant_id", "order_ref", "currency", "amount_minor", "used_on"),
    ),
    Holding(
        "vouchers",
        "wallet.VoucherRefund",
        "wallet_id",
        ("reference", "currency", "amount_minor", "to_voucher", "refunded_at"),
    ),
    Holding(
        "bank",
        "payouts.PayoutMethod",
        "wallet_id",
        ("kind", "holder", "iban_last4", "bic", "changed_at", "retired_at"),
        # An export that is lost should not be a list of accounts: it names the last four characters.
        kept_back=("iban_sealed", "iban_fingerprint"),
        fate=_BLANKED,
        blanks={"holder": "", "iban_sealed": "", "iban_fingerprint": "", "bic": ""},
    ),
    Holding(
        "bank",
        "payouts.PayoutStep",
        "payout_id",
        ("payout_id", "n", "event", "occurred_on", "at", "code", "reason"),
        through="payouts.Payout",
        kept_back=("source",),
    ),
    Holding(
        "bank",
        "payouts.Payout",
        "wallet_id",
        (
            "id",
            "currency",
            "amount_minor",
            "fee_minor",
            "state",
            "requested_at",
            "state_at",
            "reason",
            "end_to_end_id",
        ),
    ),
    Holding(
        "notices",
        "notices.Event",
        "wallet_id",
        ("type", "object_id", "created_at", "data"),
        fate=_BLANKED,
        blanks={"data": _with_pseudonym},
    ),
    Holding("account", "identity.Profile", "wallet_id", ("birthday",), fate=_DELETED),
    Holding(
        "sign_in",
        "identity.SecurityEvent",
        "person_id",
        ("at", "kind", "device"),
        of="person",
        fate=_DELETED,
    ),
    Holding("consents", "identity.TermsAcceptance", "wallet_id", ("version", "at", "source")),
    Holding(
        "wishes",
        "catalog.Favourite",
        "wallet_id",
        ("merchant_id", "since", "alert"),
        fate=_DELETED,
    ),
    Holding("wishes", "catalog.ShopSuggestion", "wallet_id", ("text", "site", "at"), fate=_DELETED),
    Holding(
        "money",
        "wallet.PayCode",
        "wallet_id",
        ("maximum_minor", "made_at", "expires_at", "taken_at", "taken_for"),
        kept_back=("code_hash",),
    ),
    Holding(
        "bank",
        "payouts.PayoutRule",
        "wallet_id",
        ("kind", "above_minor", "month_day", "active", "changed_at"),
        fate=_DELETED,
    ),
    Holding(
        "money",
        "payouts.Donation",
        "wallet_id",
        ("charity_id", "currency", "amount_minor", "given_at"),
    ),
    Holding(
        "notices",
        "notices.Notice",
        "wallet_id",
        ("kind", "facts", "at", "read_at"),
        fate=_DELETED,
    ),
    Holding(
        "notices",
        "notices.Letter",
        "wallet_id",
        ("channel", "kind", "state", "created_at", "finished_at"),
        fate=_DELETED,
    ),
    Holding(
        "notices",
        "notices.Choice",
        "wallet_id",
        ("topic", "email", "push", "in_centre", "changed_at"),
        fate=_DELETED,
    ),
    Holding(
        "notices", "notices.QuietHours", "wallet_id", ("kept", "begins", "ends"), fate=_DELETED
    ),
    Holding(
        "notices",
        "notices.PushDevice",
        "wallet_id",
        ("name", "since"),
        kept_back=("fingerprint", "sealed"),
        fate=_DELETED,
    ),
    Holding(
        "claims",
        "claims.ClaimMessage",
        "wallet_id",
        ("claim_id", "at", "by", "text"),
        fate=_DELETED,
    ),
    Holding(
        "claims",
        "claims.ClaimDocument",
        "wallet_id",
        ("claim_id", "at", "name", "kind", "size_bytes"),
        fate=_DELETED,
    ),
    Holding(
        "claims",
        "claims.ClaimStep",
        "wallet_id",
        ("claim_id", "at", "by", "event", "state", "due_on"),
        kept_back=("facts",),
    ),
    Holding(
        "claims",
        "claims.Claim",
        "wallet_id",
        (
            "number",
            "kind",
            "state",
            "merchant_id",
            "visit_ref",
            "visited_at",
            "device",
            "promised",
            "order_ref",
            "ordered_on",
            "amount_minor",
            "currency",
            "shop_email",
            "coupon",
            "note",
            "checks",
            "sent_at",
            "reason",
        ),
        fate=_BLANKED,
        blanks={
            "visit_ref": "",
            "visited_at": None,
            "device": "",
            "promised": "",
            "shop_email": "",
            "coupon": "",
            "note": "",
            "checks": _no_list,
        },
    ),
    Holding("friends", "growth.SponsorCode", "wallet_id", ("code", "drawn_at"), fate=_DELETED),
    Holding("friends", "growth.Referral", "friend_wallet_id", ("code", "joined_at")),
    Holding(
        "letters",
        "portal.Letter",
        "wallet_id",
        ("about", "name", "reply_to", "text", "written_at", "sent_at"),
        kept_back=("sender_hash",),
        fate=_DELETED,
    ),
)
"""Every table that holds something of a member. Rows are deleted in this order: what points at others comes first."""

HOLDING_OF: Mapping[str, Holding] = {holding.table: holding for holding in HOLDINGS}

EXEMPT: Mapping[str, str] = {
    "identity.Staff": "People who work for a programme; an owner removes them (docs/how-to/developer-pages.md).",
    "admin.LogEntry": "What staff did in the console.",
    "auth.User_groups": "Rights of staff.",
    "auth.User_user_permissions": "Rights of staff.",
    "rewards.RewardPart": "What companies owe each other for a purchase; found by the purchase alone.",
    "purchases.Rejection": "Rows of files that could not be read; erasure deletes those that name the member.",
    "payouts.PayoutBatch": "The programme's own account, and how many transfers a file holds.",
    "payouts.PayoutSettings": "The programme's own account.",
    "payouts.BankLine": "What a bank said of a transfer, by its end-to-end id.",
    "wallet.CaptureLine": "Shares of a spending, found by it alone.",
    "wallet.RefundLine": "Shares of a refund, found by it alone.",
    "catalog.ShopPage": "What a shop says of itself.",
    "payouts.Charity": "Associations that members may give to.",
    "identity.ApiCall": "Which requests a programme's own servers made; thirty days.",
}
"""Tables with columns that look personal and are not a member's, with the reason."""

"""What is kept of a member: all of it is listed, handed over, and gone after erasure."""

import csv
import io
import json
import zipfile
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import connection as django_connection
from django.db import transaction

from cagnotte.claims import documents
from cagnotte.claims.models import Claim, ClaimDocument
from cagnotte.domain.attribution import Trace
from cagnotte.domain.consents import Consent, Purpose
from cagnotte.domain.errors import NotFound, Refused
from cagnotte.growth import referrals
from cagnotte.identity import consents, keys, memberships
from cagnotte.identity.models import Member, MemberKey, Membership, Programme
from cagnotte.inbox.models import Order, Piece
from cagnotte.journeys import close_account, erase, hand_over_data, tend_closed
from cagnotte.journeys.personal_data import (
    EXEMPT,
    HOLDING_OF,
    HOLDINGS,
    SUBJECTS,
    owner_of,
    rows_of,
)
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.notices.models import Event
from cagnotte.payouts.models import Payout, PayoutMethod
from cagnotte.platform.database import connect
from cagnotte.platform.shared_connection import shared_connection
from tests.journeys.world import NOON, World
from tests.portal.people import Person
from tests.portal.people import signed_in as sign_in

PERSONAL = {
    "email", "name", "first_name", "last_name", "username", "phone", "birthday", "birth_date", "born_on", "address",
    "holder", "iban", "iban_sealed", "bic", "ip", "user_agent", "reply_to", "shop_email", "member_ref", "raw",
    "sealed_customer", "session_key", "person_id", "user_id", "member_id", "wallet_id", "friend_wallet_id",
    "sponsor_wallet_id", "owner_id", "book_id", "visit_id", "endpoint", "p256dh",
    "visit_ref", "visited_at", "device", "promised", "checks",
}  # fmt: skip
"""Names that a column has which may hold something of a person."""

NAMES_OF_THINGS = {
    "identity.Programme", "identity.Party", "identity.ApiKey", "catalog.Offer", "catalog.Category", "catalog.Product",
    "catalog.ShopCategory", "purchases.ImportedFile", "inbox.Secret", "notices.ListenerSecret", "payouts.BankFile",
    "auth.Group", "auth.Permission", "notices.ServerKey", "socialaccount.SocialApp", "rewards.Counter",
    "claims.ClaimDocument",
}  # fmt: skip
"""Tables whose `name` is a thing's."""


def personal_columns(model: Any) -> set[str]:
    columns = {one.column for one in model._meta.local_concrete_fields}
    found = columns & PERSONAL
    label = model._meta.label
    return found - {"name"} if label in NAMES_OF_THINGS else found


def test_every_table_with_something_of_a_person_is_listed() -> None:
    missing = {
        model._meta.label: sorted(columns)
        for model in apps.get_models(include_auto_created=True)
        if (columns := personal_columns(model))
        and model._meta.label not in HOLDING_OF
        and model._meta.label not in EXEMPT
    }
    assert missing == {}, (
        "add them to HOLDINGS in journeys/personal_data.py, or say in EXEMPT why not"
    )


def test_every_personal_column_of_a_listed_table_is_handed_over_or_kept_back() -> None:
    finders = {
        "wallet_id",
        "user_id",
        "member_id",
        "owner_id",
        "book_id",
        "person_id",
        "friend_wallet_id",
    }
    forgotten = {
        holding.table: sorted(silent)
        for holding in HOLDINGS
        if holding.is_there
        and (
            silent := personal_columns(holding.model)
            - set(holding.told)
            - set(holding.kept_back)
            - finders
            - {"sponsor_wallet_id"}
        )
    }
    assert forgotten == {}


def test_the_list_names_what_there_is() -> None:
    for holding in HOLDINGS:
        assert holding.subject in SUBJECTS
        if holding.is_there:
            columns = {one.attname for one in holding.model._meta.concrete_fields}
            named = {*holding.told, *holding.kept_back, *holding.blanks, holding.by}
            assert named <= columns, holding.table
    assert {holding.subject for holding in HOLDINGS} == set(SUBJECTS)


def signed_in(slug: str, ref: str, **told: Any) -> Person:
    """Sign somebody in; enrolling works within one database transaction."""
    with transaction.atomic():
        return sign_in(slug, ref, **told)


# ---- a member with a bit of everything -----------------------------------------------------------------------


@pytest.fixture
def world(committed_db: str, tmp_path: Any) -> World:
    world = World(tmp_path)
    world.load()
    return world


def ana(world: World, *, name: str = "Ana Lima") -> Person:
    """Ana with an address, bank details, a key, a consent and a code."""
    world.send("members", "number,name,iban\n1,Ana,FR7630006000011234567890189\n")
    person = signed_in("corner", "1", now=world.now, email="ana@member.example", name=name)
    wallet_id = person.member.wallet_id
    consents.record(
        wallet_id=wallet_id,
        consent=Consent(
            Purpose.MARKETING, granted=True, at=world.now, source="test", text_version="1"
        ),
    )
    keys.link(
        programme_id=person.member.programme_id,
        wallet_id=wallet_id,
        kind=Trace.CARD,
        value="card-token",
        now=world.now,
    )
    referrals.code_of(person.member.wallet, now=world.now)
    return person


def order_of(person: Person, world: World, *, gives_up: bool = False) -> erase.Order:
    """Erase what stands; giving up is what the page shows now."""
    member = Member.objects.select_related("wallet", "programme").get(id=person.member.id)
    shown = erase.given_up(erase.obstacles(shared_connection(), member.programme, member))
    return erase.Order(
        member.programme, member, world.now, world.now.date(), shown if gives_up else 0
    )


def obstacles(person: Person) -> list[str]:
    programme = Programme.objects.get(slug="corner")
    found = erase.obstacles(shared_connection(), programme, person.member)
    return [one.code for one in found]


def test_a_member_is_handed_everything_and_nothing_of_another(world: World) -> None:
    person = ana(world, name='=HYPERLINK("https://evil.example")')
    world.buy("A1")
    world.buy("B1", member="2")

    programme = Programme.objects.get(slug="corner")
    made = hand_over_data.hand_over(programme, person.member, now=world.now)

    packed = zipfile.ZipFile(io.BytesIO(made))
    told = json.loads(packed.read("data.json"))
    assert [row["order_ref"] for row in told["data"]["purchases_purchase"]] == ["A1"]
    assert told["data"]["rewards_reward"][0]["amount_minor"] == 100
    assert told["data"]["payouts_payoutmethod"][0]["iban_last4"] == "0189"
    assert told["data"]["identity_consent"][0]["granted"] is True
    assert told["data"]["auth_user"][0]["email"] == "ana@member.example"
    assert "password" not in told["data"]["auth_user"][0]
    text = packed.read("data.json").decode()
    assert "FR7630006000011234567890189" not in text
    assert "Bob" not in text
    (row,) = rows_in(packed, "identity_member.csv")
    assert row["email"] == "ana@member.example"
    assert row["name"].startswith("'=HYPERLINK"), "a spreadsheet would compute it"
    assert {line["file"] for line in rows_in(packed, "contents.csv")} == set(told["data"])


def rows_in(packed: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(packed.read(name).decode("utf-8-sig"))))


def test_erasure_waits_for_money_that_is_on_its_way(world: World) -> None:
    person = ana(world)
    world.buy("A1", "400.00")

    assert obstacles(person) == ["waiting"]
    with pytest.raises(Refused, match="is not available yet"):
        erase.erase(shared_connection(), order_of(person, world))
    assert Member.objects.get(id=person.member.id).name == "Ana Lima"

    world.answer("A1,confirm,,,,")
    world.mature(date(2026, 5, 1))
    assert obstacles(person) == ["available"]

    world.now += timedelta(days=70)
    close(person, world)
    assert obstacles(person) == ["payouts"]
    with pytest.raises(Refused, match="on its way to your bank"):
        erase.erase(shared_connection(), order_of(person, world))


def test_money_that_is_kept_aside_is_given_up_in_so_many_words(world: World) -> None:
    person = signed_in("corner", "2", now=world.now)
    world.buy("B1", "400.00", member="2")
    world.answer("B1,confirm,,,,")
    world.mature(date(2026, 5, 1))
    world.now += timedelta(days=70)
    close(person, world)

    assert obstacles(person) == ["aside"]
    with pytest.raises(Refused, match=r"€20\.00 is kept aside for you"):
        erase.erase(shared_connection(), order_of(person, world))
    assert world.books()["programme.unclaimed"] == 2000
    assert (
        erase.erase(shared_connection(), order_of(person, world, gives_up=True)).given_up_minor
        == 2000
    )
    books = world.books()
    assert "programme.unclaimed" not in books
    assert books["programme.breakage"] == 2000
    assert world.faults() == []


def close(person: Person, world: World) -> close_account.ClosedAccount:
    member = person.member
    return close_account.run(
        shared_connection(),
        close_account.Closing(
            member.programme_id, member.wallet_id, "EUR", world.now, world.now.date()
        ),
    )


def test_an_erased_member_is_nobody_and_the_books_stay(world: World) -> None:
    person = ana(world)
    world.buy("A1")
    before, books = world.member("1"), world.books()

    done = erase.erase(shared_connection(), order_of(person, world, gives_up=True))

    assert done.given_up_minor == before["pending"]
    assert world.books() == books
    member = Member.objects.get(id=person.member.id)
    assert (member.ref, member.name, member.email) == (done.pseudonym, "", "")
    assert not Membership.objects.filter(member=member).exists()
    assert not MemberKey.objects.filter(wallet_id=member.wallet_id).exists()
    assert consents.standing(member.wallet_id)[Purpose.MARKETING].granted is False
    method = PayoutMethod.objects.get(wallet_id=member.wallet_id)
    assert (method.holder, method.iban_sealed, method.iban_last4) == ("", "", "0189")
    assert referrals.sponsor_of("", member.programme_id) is None
    for holding in HOLDINGS:
        if holding.is_there and holding.fate == "deleted":
            assert not rows_of(holding, owner_of(member)).exists(), holding.table
    assert leftovers("Lima", "ana@member.example", "card-token") == []
    assert world.faults() == []


def test_what_was_given_up_is_nobodys_lot_once_it_is_available(world: World) -> None:
    person = ana(world)
    world.buy("A1", "400.00")
    world.answer("A1,confirm,,,,")
    world.buy("B1", "100.00", member="2")
    world.answer("B1,confirm,,,,")
    erase.erase(shared_connection(), order_of(person, world, gives_up=True))
    pseudonym = Member.objects.get(id=person.member.id).ref

    world.mature(date(2026, 5, 1))
    assert (world.member(pseudonym), world.member("2")) == ({"available": 2000}, {"available": 500})
    world.now += timedelta(days=70)
    assert night(world) == tend_closed.Tended(wallets=1, renounced_minor=2000)

    # The shop's contract says that it gains by expiry: it owes nothing for what nobody wants.
    assert (world.member(pseudonym), world.member("2")) == ({}, {"available": 500})
    assert world.books() == {"funder.due": 500, "member.available": 500}
    assert not Payout.objects.exists()
    assert night(world) == tend_closed.Tended()
    assert world.faults() == []


def night(world: World) -> tend_closed.Tended:
    """Do the step of the night for closed accounts."""
    with connect() as connection:
        return tend_closed.tend(connection, ProgrammeRun.open(connection, "corner", world.now))


def test_more_than_was_shown_is_not_given_up(world: World) -> None:
    person = ana(world)
    world.buy("A1", "100.00")
    order = order_of(person, world, gives_up=True)
    world.buy("A2", "6000.00")
    books = world.books()

    with pytest.raises(Refused, match=r"€305\.00 would be lost now"):
        erase.erase(shared_connection(), order)

    assert world.books() == books
    member = Member.objects.select_related("wallet").get(id=person.member.id)
    assert (member.name, member.wallet.closed_at) == ("Ana Lima", None)
    assert (
        erase.erase(shared_connection(), order_of(person, world, gives_up=True)).given_up_minor
        == 30_500
    )


def test_the_number_goes_from_what_was_told_and_visits_go_from_claims(world: World) -> None:
    person, other = ana(world), signed_in("corner", "2", now=world.now)
    claim = claim_of(person)
    joined = event_of(person, "member.joined", {"id": "mem_1", "ref": "1"})
    told = event_of(person, "reward.tracked", {"member_ref": "1", "order_ref": "1", "amount": 5})
    others = event_of(other, "member.joined", {"id": "mem_2", "ref": "2"})

    packed = zipfile.ZipFile(
        io.BytesIO(
            hand_over_data.hand_over(
                Programme.objects.get(slug="corner"), person.member, now=world.now
            )
        )
    )
    (row,) = json.loads(packed.read("data.json"))["data"]["claims_claim"]
    assert (row["visit_ref"], row["visited_at"], row["device"]) == (
        "K7",
        NOON.isoformat(),
        "phone",
    )
    assert (row["promised"], row["checks"]) == ("5 %", [["visit", "found", "2026-03-01"]])

    done = erase.erase(shared_connection(), order_of(person, world, gives_up=True))

    claim.refresh_from_db()
    assert (claim.visit_ref, claim.visited_at, claim.device, claim.promised, claim.checks) == (
        "",
        None,
        "",
        "",
        [],
    )
    assert (claim.number, claim.amount_minor) == ("C-1", 4000)
    assert [Event.objects.get(id=one.id).data for one in (joined, told, others)] == [
        {"id": "mem_1", "ref": done.pseudonym},
        {"member_ref": done.pseudonym, "order_ref": "1", "amount": 5},
        {"id": "mem_2", "ref": "2"},
    ]


def claim_of(person: Person) -> Claim:
    wallet = person.member.wallet
    return Claim.objects.create(
        id=uuid4(),
        programme_id=wallet.programme_id,
        wallet_id=wallet.id,
        bucket=wallet.bucket,
        number="C-1",
        kind="missing",
        state="sent",
        merchant_id=uuid4(),
        visit_ref="K7",
        visited_at=NOON,
        device="phone",
        promised="5 %",
        currency="EUR",
        amount_minor=4000,
        checks=[["visit", "found", "2026-03-01"]],
        begun_at=NOON,
        changed_at=NOON,
    )


def event_of(person: Person, kind: str, data: dict[str, Any]) -> Event:
    return Event.objects.create(
        id=uuid4(),
        programme_id=person.member.programme_id,
        type=kind,
        object_id="x",
        wallet_id=person.member.wallet_id,
        fact_id=uuid4(),
        created_at=NOON,
        made_at=NOON,
        data=data,
    )


def leftovers(*texts: str) -> list[str]:
    """Every table in which one of these texts still stands, in any column."""
    found = []
    with django_connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' "
            "AND has_table_privilege(oid, 'SELECT') ORDER BY 1"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f'SELECT count(*) FROM "{table}" AS t WHERE t::text ~* %s',
                ["|".join(texts)],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_an_address_in_what_sources_told_goes_and_files_of_claims(
    world: World, settings: Any
) -> None:
    settings.DATA_DIR = world.folder
    person = ana(world)
    document_id = sent_along(person)
    wallet_id, programme_id = person.member.wallet_id, person.member.programme_id
    orders = [
        told_order(
            programme_id, "mine", wallet_id, {"wallet": str(wallet_id), "ref": "ANA@member.example"}
        ),
        told_order(programme_id, "nobodys", None, None),
        told_order(programme_id, "another's", uuid4(), {"ref": "eve@other.example"}),
    ]

    erase.erase(shared_connection(), order_of(person, world))

    told = dict(Piece.objects.values_list("order_id", "data"))
    assert [json.loads(told[order.id])["email"] for order in orders] == [
        "erased",
        "erased",
        "Ana@Member.Example",
    ]
    attributions = [Order.objects.get(id=order.id).attribution for order in orders]
    assert attributions == [
        {"wallet": str(wallet_id), "ref": "erased"},
        None,
        {"ref": "eve@other.example"},
    ]
    with pytest.raises(NotFound):
        documents.read(document_id)


def sent_along(person: Person) -> UUID:
    """Keep a file that Ana sent along with a claim."""
    wallet = person.member.wallet
    document = ClaimDocument.objects.create(
        id=uuid4(),
        claim_id=uuid4(),
        programme_id=wallet.programme_id,
        wallet_id=wallet.id,
        bucket=wallet.bucket,
        at=NOON,
        by="member:1",
        name="receipt.pdf",
        kind="pdf",
        size_bytes=4,
        sha256="0" * 64,
    )
    documents.write(document.id, b"%PDF")

    return document.id


def told_order(programme_id: Any, name: str, wallet_id: Any, attribution: Any) -> Order:
    """Keep an order of a source with one piece, which holds Ana's address."""
    order = Order.objects.create(
        id=uuid4(),
        account_id=uuid4(),
        programme_id=programme_id,
        object_id=name,
        due=False,
        wallet_id=wallet_id,
        attribution=attribution,
        first_message_at=NOON,
        last_message_at=NOON,
    )
    Piece.objects.create(
        order_id=order.id,
        key="order",
        data=json.dumps({"email": "Ana@Member.Example", "amount": "20.00"}),
        message_id=1,
    )
    return order


def test_an_erased_member_comes_back_by_no_file_and_is_erased_once(world: World) -> None:
    person = ana(world)
    erase.erase(shared_connection(), order_of(person, world))

    world.send("members", "number,name,iban\n1,Ana,FR7630006000011234567890189\n4,Dan,\n")

    assert Member.objects.get(id=person.member.id).name == ""
    assert not Member.objects.filter(ref="1").exists()
    assert Member.objects.filter(ref="4").exists()
    assert PayoutMethod.objects.get(wallet_id=person.member.wallet_id).iban_sealed == ""
    with pytest.raises(NotFound):
        erase.erase(shared_connection(), order_of(person, world))


def test_who_is_a_member_elsewhere_still_signs_in_there(world: World) -> None:
    person = ana(world)
    other = Programme.objects.create(
        id="00000000-0000-0000-0000-000000000001",
        slug="other",
        name="Another",
        currency="EUR",
        created_at=NOON - timedelta(days=1),
    )
    there = signed_in("other", "x", now=NOON, email="ana@member.example").member

    erase.erase(shared_connection(), order_of(person, world))

    assert memberships.member_at(person.user, other.id) == there
    assert memberships.member_at(person.user, person.member.programme_id) is None

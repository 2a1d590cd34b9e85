"""Which members the traces of an order may lead to."""

import hashlib
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.attribution import Candidate, Standing, Trace
from cagnotte.domain.errors import Conflict, InvalidInput
from cagnotte.hooks.sources import TraceFound
from cagnotte.identity import keys
from cagnotte.identity.models import MemberKey, Wallet
from cagnotte.tracking import selectors, services
from cagnotte.tracking.selectors import Sought
from tests.contexts.tracking.world import BOUGHT, DAY, NOW, World, a_world


@pytest.fixture
def world(db: None) -> World:
    return a_world()


def link(world: World, member: str, kind: Trace, value: str, shop: UUID | None = None) -> bool:
    return keys.link(
        programme_id=world.id,
        wallet_id=world.wallet(member),
        kind=kind,
        value=value,
        now=NOW,
        merchant_id=shop,
    )


def wallets(candidates: list[Candidate]) -> set[UUID | None]:
    return {one.wallet_id for one in candidates}


# ---- clicks ---------------------------------------------------------------------------------------------------


def test_a_click_leads_to_the_member_who_was_signed_in(world: World) -> None:
    ref = world.click(2, visit=world.signed_in("A"))

    assert world.found((Trace.CLICK, ref)) == [
        Candidate(Trace.CLICK, ref, world.wallet("A"), BOUGHT - 2 * DAY)
    ]


def test_a_click_leads_to_the_member_who_signed_in_later_in_the_same_visit(world: World) -> None:
    visit = uuid4()
    ref = world.click(visit=visit)
    assert wallets(world.found((Trace.CLICK, ref))) == {None}

    claim(world, visit, "B")

    assert wallets(world.found((Trace.CLICK, ref))) == {world.wallet("B")}


def claim(world: World, visit: UUID, member: str) -> bool:
    return services.claim_visit(
        world.connection,
        programme_id=world.id,
        visit_id=visit,
        wallet_id=world.wallet(member),
        now=NOW,
    )


def test_a_visit_stays_with_the_member_who_claimed_it_first(world: World) -> None:
    visit = world.signed_in("A")
    ref = world.click(visit=visit)

    assert claim(world, visit, "A")
    assert not claim(world, visit, "B")
    assert wallets(world.found((Trace.CLICK, ref))) == {world.wallet("A")}


def test_a_click_at_another_shop_leads_to_nobody(world: World) -> None:
    ref = world.click(visit=world.signed_in("A"), merchant=world.bleue)

    assert world.found((Trace.CLICK, ref)) == [Candidate(Trace.CLICK, ref, None)]
    assert wallets(world.found((Trace.CLICK, ref), merchant=world.bleue)) == {world.wallet("A")}


def test_a_reference_comes_back_in_capitals_and_between_spaces(world: World) -> None:
    ref = world.click(visit=world.signed_in("A"))

    (found,) = world.found((Trace.CLICK, f" {ref.upper()} "))

    assert (found.ref, found.wallet_id) == (ref.upper(), world.wallet("A"))


def test_a_reference_nobody_gave_out_leads_to_nobody(world: World) -> None:
    assert world.found((Trace.CLICK, "0" * 16)) == [Candidate(Trace.CLICK, "0" * 16, None)]
    assert world.found((Trace.CLICK, "")) == [Candidate(Trace.CLICK, "", None)]


def test_a_click_keeps_when_another_publisher_had_come_before(world: World) -> None:
    rival_at = BOUGHT - DAY - timedelta(minutes=7)
    ref = world.click(visit=world.signed_in("A"), rival_at=rival_at)

    (found,) = world.found((Trace.CLICK, ref))

    assert found.rival_at == rival_at


# ---- what a source tells beside clicks ------------------------------------------------------------------------


def test_a_member_number_leads_to_its_member(world: World) -> None:
    assert world.found((Trace.MEMBER_NUMBER, "A")) == [
        Candidate(Trace.MEMBER_NUMBER, "A", world.wallet("A"))
    ]
    assert world.found((Trace.MEMBER_NUMBER, "Z")) == [Candidate(Trace.MEMBER_NUMBER, "Z", None)]


def test_a_member_who_is_named_brings_their_last_click_at_the_shop_before_the_order(
    world: World,
) -> None:
    visit = world.signed_in("A")
    world.click(9, visit=visit)
    last = world.click(3, visit=visit)
    world.click(-1, visit=visit)
    world.click(1, visit=visit, merchant=world.bleue)
    world.click(2, visit=world.signed_in("B"))

    assert world.found((Trace.MEMBER_NUMBER, "A")) == [
        Candidate(Trace.CLICK, last, world.wallet("A"), BOUGHT - 3 * DAY),
        Candidate(Trace.MEMBER_NUMBER, "A", world.wallet("A")),
    ]


def test_clicks_before_the_sign_in_are_the_members_too_when_they_are_named(world: World) -> None:
    visit = uuid4()
    ref = world.click(3, visit=visit)
    claim(world, visit, "A")

    assert [one.ref for one in world.found((Trace.MEMBER_NUMBER, "A"))] == [ref, "A"]


def test_a_click_that_the_source_tells_itself_is_not_told_twice(world: World) -> None:
    ref = world.click(3, visit=world.signed_in("A"))

    found = world.found((Trace.MEMBER_NUMBER, "A"), (Trace.CLICK, ref.upper()))

    assert [one.ref for one in found] == [ref.upper(), "A"]


@pytest.mark.parametrize("told", ["Bob@Mail.Example", " bob@mail.example "])
def test_an_address_leads_to_its_member_and_is_not_shown(world: World, told: str) -> None:
    (found,) = world.found((Trace.EMAIL, told))

    assert found.wallet_id == world.wallet("B")
    assert "bob" not in found.ref.lower()
    assert MemberKey.objects.filter(value__icontains="bob").count() == 0


def test_an_address_that_comes_hashed_leads_to_the_same_member(world: World) -> None:
    hashed = hashlib.sha256(b"bob@mail.example").hexdigest()

    assert wallets(world.found((Trace.EMAIL, hashed))) == {world.wallet("B")}
    assert wallets(world.found((Trace.EMAIL, hashed.upper()))) == {world.wallet("B")}


def test_an_address_of_two_members_leads_to_both(world: World) -> None:
    found = world.found((Trace.EMAIL, "ana@mail.example"))

    assert wallets(found) == {world.wallet("A"), world.wallet("C")}


def test_a_card_that_two_members_linked_leads_to_both(world: World) -> None:
    assert link(world, "A", Trace.CARD, "tok_9X")
    assert link(world, "B", Trace.CARD, "tok_9X")
    assert not link(world, "B", Trace.CARD, " tok_9X ")

    assert wallets(world.found((Trace.CARD, "tok_9X"))) == {world.wallet("A"), world.wallet("B")}
    assert wallets(world.found((Trace.CARD, "TOK_9X"))) == {None}


def test_an_unlinked_card_leads_to_nobody(world: World) -> None:
    link(world, "A", Trace.CARD, "tok_9X")

    def unlink() -> bool:
        return keys.unlink(
            programme_id=world.id, wallet_id=world.wallet("A"), kind=Trace.CARD, value="tok_9X"
        )

    assert unlink()
    assert not unlink()
    assert wallets(world.found((Trace.CARD, "tok_9X"))) == {None}


@pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005"])
def test_the_number_of_a_card_is_never_kept(world: World, number: str) -> None:
    with pytest.raises(InvalidInput, match="number of a card itself"):
        link(world, "A", Trace.CARD, number)
    assert not MemberKey.objects.filter(kind="card").exists()
    assert wallets(world.found((Trace.CARD, number))) == {None}


def test_a_personal_code_leads_to_its_member_in_any_case(world: World) -> None:
    code = keys.give_promo_code(programme_id=world.id, wallet_id=world.wallet("A"), now=NOW)
    assert len(code) == 8

    assert wallets(world.found((Trace.PROMO_CODE, code.upper()))) == {world.wallet("A")}


def test_a_personal_code_is_one_members_alone(world: World) -> None:
    def give(member: str) -> str:
        return keys.give_promo_code(
            programme_id=world.id, wallet_id=world.wallet(member), now=NOW, code="Ana10"
        )

    assert give("A") == give("A") == "ana10"
    with pytest.raises(Conflict, match="belongs to another member"):
        give("B")
    assert wallets(world.found((Trace.PROMO_CODE, "ANA10"))) == {world.wallet("A")}


def test_a_qr_code_leads_to_its_member(world: World) -> None:
    shown = keys.make_qr_code(programme_id=world.id, wallet_id=world.wallet("A"), now=NOW)
    again = keys.make_qr_code(programme_id=world.id, wallet_id=world.wallet("A"), now=NOW)

    assert len({shown, again}) == 2
    assert wallets(world.found((Trace.QR_CODE, shown), (Trace.QR_CODE, again))) == {
        world.wallet("A")
    }


def test_a_receipt_is_that_of_its_shop_and_has_the_moment_it_was_handed_in(world: World) -> None:
    link(world, "A", Trace.RECEIPT, "no 12-34", world.verte)

    assert world.found((Trace.RECEIPT, "NO12-34")) == [
        Candidate(Trace.RECEIPT, "NO12-34", world.wallet("A"), NOW)
    ]
    assert wallets(world.found((Trace.RECEIPT, "NO12-34"), merchant=world.bleue)) == {None}


# ---- many, none, and those who may not earn -------------------------------------------------------------------


def test_a_closed_account_is_told_as_such(world: World) -> None:
    Wallet.objects.filter(id=world.wallet("A")).update(closed_at=NOW)

    assert world.found((Trace.MEMBER_NUMBER, "A")) == [
        Candidate(Trace.MEMBER_NUMBER, "A", world.wallet("A"), None, Standing.CLOSED)
    ]


def test_a_frozen_wallet_earns(world: World) -> None:
    Wallet.objects.filter(id=world.wallet("A")).update(frozen=True)

    assert world.found((Trace.MEMBER_NUMBER, "A"))[0].standing is Standing.OPEN


def test_orders_are_asked_together_and_told_apart(world: World) -> None:
    ref = world.click(1, visit=world.signed_in("B"))
    sought = [
        Sought(7, [TraceFound(Trace.MEMBER_NUMBER, "A")], BOUGHT, world.verte),
        Sought(8, [], BOUGHT, world.verte),
        Sought(
            9,
            [TraceFound(Trace.CLICK, ref), TraceFound(Trace.CARD, "unknown")],
            BOUGHT,
            world.verte,
        ),
    ]

    found = world.ask(sought)

    assert list(found) == [7, 8, 9]
    assert [wallets(found[number]) for number in (7, 8)] == [{world.wallet("A")}, set()]
    assert {one.kind: one.wallet_id for one in found[9]} == {
        Trace.CLICK: world.wallet("B"),
        Trace.CARD: None,
    }
    assert world.ask([]) == {}


def test_members_of_another_programme_are_nobody_here(world: World) -> None:
    ref = world.click(visit=world.signed_in("A"))
    sought = [
        Sought(
            1,
            [TraceFound(Trace.CLICK, ref), TraceFound(Trace.MEMBER_NUMBER, "A")],
            BOUGHT,
            world.verte,
        )
    ]
    found = selectors.candidates(world.connection, uuid4(), sought)

    assert wallets(found[1]) == {None}


def test_a_trace_that_can_be_no_key_is_kept_as_nobodys(world: World) -> None:
    (found,) = world.found((Trace.PROMO_CODE, "x" * 500))

    assert (found.kind, found.wallet_id, len(found.ref)) == (
        Trace.PROMO_CODE,
        None,
        keys.VALUE_LENGTH_MAX,
    )

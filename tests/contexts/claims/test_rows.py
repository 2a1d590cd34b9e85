"""What was said and done of a claim is never changed, whoever tries."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from cagnotte.claims import selectors, services
from cagnotte.claims.models import ClaimMessage, ClaimStep
from cagnotte.claims.selectors import ClaimView, Subject
from cagnotte.claims.services import Draft, Moment, Order
from cagnotte.domain.claims import ClaimEvent, ClaimKind
from cagnotte.domain.errors import IllegalTransition, InvalidInput, NotFound, Refused
from cagnotte.identity import services as identity
from cagnotte.identity.models import Party
from cagnotte.platform.shared_connection import shared_connection

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

WHEN = Moment(NOW, date(2026, 3, 2))


@pytest.fixture
def claim(db: None) -> ClaimView:
    """A draft of some member."""
    programme = identity.create_programme(
        slug="corner", name="The corner", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    programme_id = getattr(programme, "id", None) or identity.programme_id_of("corner")
    merchant_id = uuid4()
    Party.objects.create(
        id=merchant_id, programme_id=programme_id, kind="merchant", ref="corner", name="Corner"
    )
    draft = Draft(
        programme_id, uuid4(), ClaimKind.MISSING, "EUR", Subject(merchant_id, visit_ref="v1")
    )
    claim_id = services.begin(shared_connection(), draft, when=WHEN)
    return selectors.claim(shared_connection(), programme_id, claim_id)


def sent(claim: ClaimView) -> ClaimView:
    return services.step(
        shared_connection(), claim, ClaimEvent.SUBMIT, by="member", when=WHEN, facts={"a": 1}
    )


def refused(statement: str, claim_id: UUID) -> None:
    connection = shared_connection()
    with pytest.raises(psycopg.errors.RaiseException), connection.transaction():
        connection.execute(statement, [claim_id])


def test_steps_and_messages_stay(claim: ClaimView) -> None:
    services.say(shared_connection(), sent(claim), "Hello", by="member", when=WHEN)

    refused("UPDATE claims_claimstep SET state = 'accepted' WHERE claim_id = %s", claim.id)
    refused("DELETE FROM claims_claimstep WHERE claim_id = %s", claim.id)
    refused("UPDATE claims_claimmessage SET text = 'Bye' WHERE claim_id = %s", claim.id)
    assert ClaimStep.objects.get().facts == {"a": 1}
    assert ClaimMessage.objects.get().text == "Hello"


def test_what_was_sent_is_no_draft_any_more(claim: ClaimView) -> None:
    connection = shared_connection()
    after = sent(claim)

    with pytest.raises(Refused):
        services.fill_in(connection, after, ClaimKind.MISSING, Order("A1"), when=WHEN)
    with pytest.raises(IllegalTransition):
        services.step(connection, after, ClaimEvent.REPLY, by="member", when=WHEN)
    assert services.drop(connection, after) == []
    assert selectors.claim(connection, claim.programme_id, claim.id).order_ref == ""
    with pytest.raises(NotFound):
        selectors.claim(connection, claim.programme_id, claim.id, wallet_id=uuid4())


def test_a_message_says_something_and_not_a_book(claim: ClaimView) -> None:
    for text in ("", " \n", "x" * 4001):
        with pytest.raises(InvalidInput):
            services.say(shared_connection(), claim, text, by="member", when=WHEN)
    assert not ClaimMessage.objects.exists()

"""The page of the inbox names every state and every reason."""

from cagnotte.domain.attribution import Reason
from cagnotte.inbox.models import Message, Order
from cagnotte.journeys import attribute, one_order
from tests.docs.test_reference import codes_in_first_column, page, section

PAGE = page("reference/inbox.md")


def told(heading: str) -> set[str]:
    return codes_in_first_column(section(PAGE, heading))


def test_every_state_is_documented() -> None:
    assert told("States of messages") == set(Message.State.values)
    assert told("States of orders") == set(Order.State.values)


def test_every_reason_why_an_order_is_nobodys_is_documented_and_has_its_sentence() -> None:
    assert told("Why an order is nobody's") == {reason.value for reason in Reason}
    assert set(attribute.SENTENCES) == {reason.value for reason in Reason}


def test_every_doubt_is_documented() -> None:
    assert told("Why an order is in doubt") == set(one_order.DOUBTS)

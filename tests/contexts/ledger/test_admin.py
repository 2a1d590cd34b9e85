"""The ledger in the admin: there to look at."""

from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from cagnotte.ledger import services
from tests.contexts.ledger.books import ANNA, Connection, member, tracked


@pytest.fixture
def clerk(books: Connection) -> Client:
    user = get_user_model().objects.create_superuser("clerk@example.org", password="of the books")
    client = Client()
    client.force_login(user)
    return client


def test_an_account_shows_its_balance(books: Connection, clerk: Client) -> None:
    services.post(books, [tracked(ANNA, 1240)], batch_id=uuid4())
    books.commit()
    account_id = member("pending", ANNA).id
    assert "member.pending" in clerk.get("/admin/ledger/ledgeraccount/").content.decode()
    page = clerk.get(f"/admin/ledger/ledgeraccount/{account_id}/change/").content.decode()
    assert "12.40 EUR" in page


def test_a_transaction_shows_its_legs(books: Connection, clerk: Client) -> None:
    posted = tracked(ANNA, 1240)
    services.post(books, [posted], batch_id=uuid4())
    books.commit()
    found = clerk.get("/admin/ledger/ledgertransaction/", {"q": str(posted.fact_id)})
    assert "1 ledger transaction" in found.content.decode()
    page = clerk.get(f"/admin/ledger/ledgertransaction/{posted.id}/change/").content.decode()
    assert f"member.pending {ANNA} -12.40 EUR" in page


@pytest.mark.parametrize("name", ["ledgeraccount", "ledgertransaction", "ledgerperiod"])
def test_nothing_can_be_added(clerk: Client, name: str) -> None:
    assert clerk.get(f"/admin/ledger/{name}/").status_code == 200
    assert clerk.get(f"/admin/ledger/{name}/add/").status_code == 403

"""The two addresses that watchers ask."""

import pytest
from django.test import Client

from cagnotte.platform import database


def test_livez_answers_without_a_database(client: Client) -> None:
    answer = client.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


@pytest.mark.usefixtures("committed_db")
def test_readyz_answers_when_the_tables_are_current(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"database": True, "tables": True}}


@pytest.mark.usefixtures("committed_db")
def test_readyz_says_no_while_migrations_are_pending(client: Client) -> None:
    with database.connect("owner") as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "tables": False}


@pytest.mark.usefixtures("committed_db")
def test_readyz_says_no_without_a_database(client: Client) -> None:
    database.use_database("postgresql://someone@127.0.0.1:1/shop")
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": False, "tables": False}

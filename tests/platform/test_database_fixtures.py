"""The databases of the tests behave like production's."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection as django_connection

from cagnotte.platform import database


@pytest.mark.django_db
def test_django_works_as_the_application_and_is_no_superuser() -> None:
    with django_connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == ("cagnotte_app", False)


@pytest.mark.parametrize("name", ["first", "second"])
@pytest.mark.usefixtures("committed_db")
def test_what_one_test_commits_the_next_does_not_see(name: str) -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO auth_group (name) VALUES (%s)", [name])
    assert [group.name for group in Group.objects.all()] == [name]


@pytest.mark.usefixtures("committed_db")
def test_reset_role_does_not_lead_back_to_the_user_who_logged_in() -> None:
    with database.connect() as connection:
        connection.execute("RESET ROLE")
        assert connection.execute("SELECT current_user").fetchone() == ("cagnotte_app",)

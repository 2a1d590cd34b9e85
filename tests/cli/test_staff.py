"""`cagnotte staff`, as a person types it."""

from click.testing import CliRunner, Result

from cagnotte.cli.main import cli
from cagnotte.identity.models import Staff
from tests.journeys.conftest import empty_world, world
from tests.journeys.world import World

__all__ = ["empty_world", "world"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["staff", *arguments])


def test_somebody_is_invited_listed_and_dismissed(world: World) -> None:
    done = run("invite", "Ada@example.org", "--role", "owner", "--programme", "corner")
    assert done.exit_code == 0
    assert "ada@example.org is owner of corner." in done.output
    assert "/accounts/login/code/" in done.output
    run("invite", "bob@example.org")
    assert "bob@example.org" in run("list").output
    assert Staff.objects.get(person__email="bob@example.org").role == "developer"
    assert (
        "bob@example.org has no role in corner any more."
        in run("dismiss", "Bob@example.org").output
    )
    assert [row.person.email for row in Staff.objects.all()] == ["ada@example.org"]


def test_nobody_is_listed_kindly(world: World) -> None:
    assert "Nobody yet" in run("list").output


def test_what_makes_no_sense_is_refused_with_a_sentence(world: World) -> None:
    assert "is no e-mail address" in run("invite", "ada").output
    assert "has no role in corner" in run("dismiss", "ada@example.org").output
    assert run("invite", "ada@example.org", "--role", "king").exit_code == 2
    assert not Staff.objects.exists()

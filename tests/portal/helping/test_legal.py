"""Legal pages, how the programme earns, whether the money is safe."""

from time import sleep
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from cagnotte.catalog.models import Storefront
from cagnotte.identity.models import Programme
from cagnotte.journeys.personal_data import SUBJECTS
from cagnotte.ledger import seals
from cagnotte.payouts.models import PayoutSettings
from cagnotte.platform.database import connect
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.helping.safe import Standing, forget_standings
from cagnotte.portal.helping.terms_text import current_terms
from cagnotte.portal.look import forget_looks
from tests.journeys.world import World
from tests.portal.conftest import NOW, Portal

PAGES = ("terms", "privacy", "legal", "accessibility", "earning", "safe")


def get(path: str, language: str = "en") -> Any:
    return Client(headers={"Accept-Language": language}).get(f"/p/portal/{path}/")


@pytest.mark.parametrize("path", PAGES)
def test_everybody_may_read_them(
    portal: Portal, path: str, django_assert_max_num_queries: Any
) -> None:
    forget_standings()
    with django_assert_max_num_queries(9):
        english = get(path)
    assert english.status_code == 200
    assert "style=" not in english.content.decode()
    assert get(path, "fr").content.decode().count('lang="fr"')


# ---- terms ----------------------------------------------------------------------------------------------------


def test_the_same_terms_have_the_same_version_in_every_language(portal: Portal) -> None:
    programme = Programme.objects.get(slug="portal")

    version, english = current_terms(programme)
    with translation.override("fr"):
        again, french = current_terms(programme)

    assert version == again
    assert english != french
    assert len(version) <= 50


def test_a_changed_minimum_makes_a_new_version(portal: Portal) -> None:
    programme = Programme.objects.get(slug="portal")
    before, text = current_terms(programme)
    assert "makes no bank transfers" in text
    PayoutSettings.objects.create(
        programme_id=programme.id,
        currency="EUR",
        debtor_name="A portal",
        debtor_iban="FR7630006000011234567890189",
        threshold_minor=1000,
    )

    after, text = current_terms(programme)

    assert after != before
    assert "€10.00" in text
    assert "for 72 hours" in text


def test_a_name_in_the_terms_is_text(portal: Portal) -> None:
    programme = Programme.objects.get(slug="portal")
    programme.name = "<b>Bold & Co</b>"

    assert "&lt;b&gt;Bold &amp; Co" in current_terms(programme)[1]


# ---- privacy, notice -----------------------------------------------------------------------------------------


def test_privacy_says_all_that_is_kept_and_every_cookie(portal: Portal) -> None:
    page = get("privacy").content.decode()
    for subject in SUBJECTS.values():
        assert str(subject.title) in page
    for cookie in ("sessionid", "csrftoken", "cagnotte_visit", "django_language"):
        assert cookie in page


def test_the_notice_names_who_runs_the_programme(portal: Portal) -> None:
    assert "has not filled in this page yet" in get("legal").content.decode()
    Storefront.objects.update_or_create(
        programme_id=portal.id,
        defaults={"company": {"name": "Corner SAS", "register": "RCS Paris 123"}},
    )
    forget_looks()
    page = get("legal").content.decode()
    assert "Corner SAS" in page
    assert "RCS Paris 123" in page


# ---- is my money safe? ---------------------------------------------------------------------------------------


def test_what_is_owed_stands_against_what_is_held(committed_db: str, tmp_path: Any) -> None:
    world = World(tmp_path)
    world.load()
    world.buy("A1", "400.00")
    world.buy("A2", "100.00", status="confirmed")
    forget_standings()
    forget_looks()

    page = Client(headers={"Accept-Language": "en"}).get("/p/corner/safe/").content.decode()

    assert "€20.00" in page  # pending
    assert "€5.00" in page  # confirmed
    assert "Everything that members could ask for today is there" in page
    assert "No seal has been made yet" in page


def seal_all(world: World) -> None:
    """Seal everything; transactions of others on the same server may hold it up for a moment."""
    for _ in range(200):
        with connect() as connection:
            if not seals.seal(connection, now=world.now).waiting:
                return
        sleep(0.05)


def test_the_latest_seal_is_shown(committed_db: str, tmp_path: Any) -> None:
    world = World(tmp_path)
    world.load()
    world.buy("A1")
    seal_all(world)
    forget_standings()
    forget_looks()

    page = Client(headers={"Accept-Language": "en"}).get("/p/corner/safe/").content.decode()

    head = seals.head(shared_connection(), Programme.objects.get(slug="corner").id)
    assert head.hash.hex() in page


@pytest.mark.parametrize(
    ("available", "promised", "bank", "covered", "share"),
    [
        (0, 0, 0, True, 100),
        (1000, 0, 1000, True, 100),
        (1000, 500, 1000, False, 66),
        (1000, 0, -50, False, 0),
        (1000, 0, 9999, True, 100),
    ],
)
def test_covered_means_that_all_could_be_paid_today(
    *, available: int, promised: int, bank: int, covered: bool, share: int
) -> None:
    standing = Standing(NOW, 0, 0, available, promised, bank)

    assert (standing.is_covered, standing.share_percent) == (covered, share)

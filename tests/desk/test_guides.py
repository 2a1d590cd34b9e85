"""What is open to all: the reference, the codes, the events, the quick start."""

import html

import pytest
from django.test import Client

from cagnotte.api.problems import status_of_kind
from cagnotte.api.v1 import api
from cagnotte.config.urls import urlpatterns
from cagnotte.desk import description, events, problems
from cagnotte.domain import errors
from cagnotte.notices.catalogue import TYPES
from tests.desk.conftest import Desk

assert urlpatterns  # every kind of error of the interface is loaded with them

REFERENCE = description.reference(api.get_openapi_schema(), "https://cashback.example")


def get(path: str, language: str = "en", **query: str) -> str:
    answer = Client().get(path, query, headers={"Accept-Language": language})
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_the_reference_shows_every_operation_of_the_interface() -> None:
    document = api.get_openapi_schema()
    written = {
        (method.upper(), path) for path, methods in document["paths"].items() for method in methods
    }
    shown = {
        (one.method, one.path) for resource in REFERENCE.resources for one in resource.operations
    }
    assert shown == written


@pytest.mark.django_db
@pytest.mark.parametrize("slug", [resource.slug for resource in REFERENCE.resources])
def test_each_resource_has_its_page(slug: str) -> None:
    page = get(f"/developers/api/{slug}/")

    resource = REFERENCE.resource(slug)
    assert resource is not None
    for operation in resource.operations:
        assert f'id="{operation.name}"' in page
        assert operation.scope in page


def test_an_example_is_a_command_that_may_be_copied() -> None:
    (found,) = [one for _, one in REFERENCE.found("create_member") if one.name == "create_member"]

    assert found.curl == (
        "curl https://cashback.example/v1/members \\\n"
        '  -H "Authorization: Bearer $KEY" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        '  -H "Idempotency-Key: $(uuidgen)" \\\n'
        "  -d '{\n"
        '  "email": "ana@example.org",\n'
        '  "locale": "fr",\n'
        '  "name": "Ana",\n'
        '  "ref": "H0906"\n'
        "}'"
    )
    assert [field.name for field in found.body if field.is_required] == ["ref"]


def test_an_example_of_a_change_names_its_method_and_object() -> None:
    (found,) = [one for _, one in REFERENCE.found("update_member") if one.name == "update_member"]

    assert found.curl.startswith(
        "curl -X PATCH https://cashback.example/v1/members/mem_01j9zk5y7m8q3v2x4c6b8n0d1f "
    )


@pytest.mark.parametrize("words", ["order_ref", "ORDER_REF", "purchases create"])
def test_the_search_looks_at_names_paths_and_fields(words: str) -> None:
    assert "create_purchase" in [one.name for _, one in REFERENCE.found(words)]


@pytest.mark.django_db
def test_a_search_without_a_result_says_so() -> None:
    assert "Nothing with “<zzz>”" in get("/developers/api/", q="<zzz>")
    assert "<zzz>" not in Client().get("/developers/api/", {"q": "<zzz>"}).content.decode()
    assert Client().get("/developers/api/nothing/").status_code == 404


def test_every_code_of_a_problem_is_explained() -> None:
    unexplained = [
        one.code
        for group in problems.groups(status_of_kind)
        for one in group.problems
        if one.code not in problems.EXPLAINED
    ]
    assert unexplained == []


def test_codes_that_are_explained_exist() -> None:
    shown = {one.code for group in problems.groups(status_of_kind) for one in group.problems}
    assert set(problems.EXPLAINED) - shown == set()


@pytest.mark.django_db
def test_a_problem_leads_to_its_explanation() -> None:
    problem = Client().get("/v1/members").json()

    path, _, anchor = problem["type"].partition("#")
    page = get(path)
    assert anchor == errors.NotFound.code or f'id="{anchor}"' in page
    assert f'id="{problem["code"]}"' in page


@pytest.mark.django_db
def test_every_type_of_events_is_shown_with_its_example() -> None:
    page = get("/developers/events/")

    for name in TYPES:
        assert f'id="{name}"' in page
    assert sum(len(group.types) for group in events.groups()) == len(TYPES)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("/developers/", "Connecter une boutique"),
        ("/developers/start/", "Premiers pas"),
        ("/developers/api/", "Référence de l’API"),
        ("/developers/events/", "Événements"),
        ("/developers/errors/", "Erreurs"),
        ("/accounts/login/code/", "Se connecter"),
        ("/accounts/login/", "Se connecter avec un mot de passe"),
    ],
)
def test_pages_speak_french(path: str, title: str) -> None:
    assert f"<h1>{title}</h1>" in get(path, "fr")


def test_the_quick_start_leads_staff_to_their_own_keys(desk: Desk) -> None:
    page = desk.people["developer"].get("/developers/start/").content.decode()

    assert "/developers/p/corner/keys/new/" in page
    assert "/developers/p/other/keys/new/" not in page


@pytest.mark.django_db
def test_what_is_nowhere_is_told_kindly() -> None:
    answer = Client().get("/developers/nothing/")

    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()

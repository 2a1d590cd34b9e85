"""The Python client says what the description of the interface says, operation by operation."""

import inspect
import re
from typing import Any

import pytest
from cagnotte_client import AsyncCagnotte, Cagnotte, Pages
from cagnotte_client.calls import Call, part

from clients import generate_python

DOCUMENT = generate_python.description()
OPERATIONS = list(generate_python.operations(DOCUMENT))
KEY = "cag_test_sk_" + "a" * 40


def test_the_files_are_those_that_the_generator_writes() -> None:
    stale = [
        name
        for name, text in generate_python.written(DOCUMENT).items()
        if (generate_python.PACKAGE / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "Run .venv/bin/python clients/generate_python.py"


class Sent(Exception):
    """Stands for the answer."""


def filled(annotation: str) -> Any:
    """A value for an argument; the client passes on whatever it is given."""
    return [{"amount_minor": 1}] if annotation.startswith("Sequence") else f"a {annotation}"


def asked(answer: Any) -> None:
    """Ask for a list, which waits until it is looked at."""
    assert isinstance(answer, Pages)
    answer.page()


@pytest.mark.parametrize("one", OPERATIONS, ids=lambda one: f"{one.resource}.{one.name}")
def test_every_operation_is_sent_as_it_is_described(
    one: generate_python.Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Call[Any]] = []

    def send(_: Cagnotte, call: Call[Any]) -> Any:
        sent.append(call)
        raise Sent

    monkeypatch.setattr(Cagnotte, "send", send)
    with Cagnotte(KEY, "https://cashback.example") as cagnotte:
        method = getattr(getattr(cagnotte, one.resource), one.name)
        arguments = {
            name: filled(str(told.annotation))
            for name, told in inspect.signature(method).parameters.items()
        }
        with pytest.raises(Sent):
            asked(method(**arguments))
    (call,) = sent
    path = re.sub(r"\{(\w+)\}", lambda named: part(arguments[named[1]]), one.path)
    assert (call.method, call.path) == (one.method, path)
    queries = [told["name"] for told in one.parameters("query")]
    assert call.query == {name: arguments[name] for name in queries}
    if one.body:
        body = DOCUMENT["components"]["schemas"][one.body["$ref"].rpartition("/")[2]]
        assert call.body == {name: arguments[name] for name in body["properties"]}
    assert call.headers.get("Idempotency-Key") == arguments.get("idempotency_key")
    assert call.headers.get("If-Match") == arguments.get("if_match")
    changes = not all(scope.endswith(":read") for scope in one.told["x-scopes"])
    assert call.repeatable == (one.takes("IdempotencyKey") or not changes)


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    for one in OPERATIONS:
        waits, awaits = (
            inspect.signature(
                getattr(
                    inspect.signature(getattr(kind, one.resource).fget).return_annotation, one.name
                )
            )
            for kind in (Cagnotte, AsyncCagnotte)
        )
        assert list(waits.parameters.values()) == list(awaits.parameters.values())


def test_a_name_for_each_operation_and_only_browsers_are_left_out() -> None:
    described = {
        (method.upper(), path)
        for path, methods in DOCUMENT["paths"].items()
        for method in methods
        if not path.startswith("/v1/me/")
    }
    assert {(one.method, one.path) for one in OPERATIONS} == described


@pytest.mark.parametrize(
    ("operation", "resource", "name"),
    [
        ("create_member", "members", "create"),
        ("list_members", "members", "list"),
        ("create_member_token", "members", "create_token"),
        ("get_programme", "programme", "get"),
        ("create_purchases", "purchases", "create_many"),
        ("return_purchase", "purchases", "return_"),
        ("refund_voucher_use", "voucher_uses", "refund"),
        ("get_payout_method", "cagnottes", "get_payout_method"),
    ],
)
def test_names_read_as_a_sentence(operation: str, resource: str, name: str) -> None:
    assert generate_python.method_name(operation, resource) == name

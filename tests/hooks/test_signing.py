"""Signatures that several sources share: what is accepted, and that everything near it is refused."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from cagnotte.hooks import signing
from cagnotte.hooks.sources import BadSignature

NOW = datetime.fromtimestamp(1_795_284_000, UTC)
SECRET = "whsec_" + base64.b64encode(b"a key of the shop, 24 bytes").decode()
BODY = '{"type":"order.changed","data":{"number":"Ä-1"}}'.encode()


def headers(**changes: str) -> dict[str, str]:
    told = {"webhook-id": "msg_1", "webhook-timestamp": "1795284000"}
    told["webhook-signature"] = signing.standard_signature(SECRET, "msg_1", "1795284000", BODY)
    return {**told, **{name.replace("_", "-"): value for name, value in changes.items()}}


def test_a_message_signed_after_the_standard_is_accepted_and_named() -> None:
    assert signing.check_standard(headers(), BODY, ["another", SECRET], NOW) == "msg_1"


def test_the_standard_s_own_example_is_accepted() -> None:
    # Key and message of the specification's test vector; its signature was computed with its reference library.
    body = (
        b'{"type":"cashback.confirmed","timestamp":"2026-11-21T18:00:00Z",'
        b'"data":{"id":"cb_01HZX","amount":"2.40","currency":"EUR"}}'
    )
    given = {
        "webhook-id": "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W",
        "webhook-timestamp": "1795284000",
        "webhook-signature": "v1,Gly9zCluxmO5glJPFC0nmXl6Yak1oi73GM5kQxSR8MQ=",
    }
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert signing.check_standard(given, body, [key], NOW) == "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"


def test_one_of_several_signatures_is_enough_while_a_secret_is_replaced() -> None:
    both = f"v1a,whatever v1,AAAA {headers()['webhook-signature']}"
    assert signing.check_standard(headers(webhook_signature=both), BODY, [SECRET], NOW)


@pytest.mark.parametrize(
    "changed",
    [
        {"webhook_id": "msg_2"},
        {"webhook_timestamp": "1795284001"},
        {"webhook_timestamp": "soon"},
        {"webhook_signature": ""},
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": "v2,AAAA"},
    ],
)
def test_whatever_is_changed_of_the_headers_is_noticed(changed: Mapping[str, str]) -> None:
    with pytest.raises(BadSignature):
        signing.check_standard(headers(**changed), BODY, [SECRET], NOW)


def test_a_message_from_ten_minutes_ago_is_refused_although_it_is_signed() -> None:
    with pytest.raises(BadSignature, match="more than 300 seconds"):
        signing.check_standard(headers(), BODY, [SECRET], NOW + timedelta(minutes=10))


@pytest.mark.parametrize("secrets", [[], [""], ["another"]])
def test_without_the_right_secret_nothing_is_accepted(secrets: list[str]) -> None:
    with pytest.raises(BadSignature):
        signing.check_standard(headers(), BODY, secrets, NOW)


def test_a_secret_that_is_not_what_it_says_is_named() -> None:
    with pytest.raises(BadSignature, match="no base64 follows"):
        signing.check_standard(headers(), BODY, ["whsec_no-base64!"], NOW)


# ---- JSON Web Signatures ----


@cache
def private_key(name: str) -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def key_set(*names: str) -> str:
    return json.dumps(
        {
            "keys": [
                {
                    "kty": "RSA", "kid": name, "use": "sig",
                    "n": number(private_key(name).public_key().public_numbers().n),
                    "e": number(private_key(name).public_key().public_numbers().e),
                }
                for name in names
            ]
        }
    )  # fmt: skip


def jws(content: bytes, name: str = "first", *, payload: str = "", **changes: Any) -> str:
    header = {"alg": "RS256", "kid": name, "crit": ["b64"], "b64": False, **changes}
    protected = base64url(json.dumps(header).encode())
    signed = f"{protected}.".encode() + content
    return (
        f"{protected}.{payload}.{base64url(private_key(name).sign(signed, PKCS1v15(), SHA256()))}"
    )


def test_a_detached_signature_of_a_known_key_is_accepted() -> None:
    signing.check_detached_jws(jws(BODY), [key_set("first")], BODY)


def test_while_keys_are_replaced_both_are_accepted() -> None:
    sets = [key_set("second"), key_set("first")]
    signing.check_detached_jws(jws(BODY, "first"), sets, BODY)
    signing.check_detached_jws(jws(BODY, "second"), sets, BODY)
    signing.check_detached_jws(jws(BODY, "second"), ["no keys", key_set("second", "first")], BODY)


FORGED: Mapping[str, Callable[[], str]] = {
    "missing": lambda: "",
    "two parts": lambda: "a.b",
    "no ASCII": lambda: "é..é",
    "of another message": lambda: jws(b"another"),
    "of an unknown key": lambda: jws(BODY, "unknown"),
    "of an unknown key that calls itself known": lambda: jws(BODY, "unknown", kid="first"),
    "of no kind": lambda: jws(BODY, alg="none"),
    "of a kind that anybody can make": lambda: jws(BODY, alg="HS256"),
    "of an encoded message": lambda: jws(BODY, b64=True),
    "with demands": lambda: jws(BODY, crit=["b64", "exp"]),
    "without its demand": lambda: jws(BODY, crit=None),
    "with a message of its own": lambda: jws(BODY, payload=base64url(BODY)),
    "cut": lambda: jws(BODY)[:-4],
}


@pytest.mark.parametrize("how", FORGED)
def test_anything_but_that_signature_is_refused(how: str) -> None:
    with pytest.raises(BadSignature):
        signing.check_detached_jws(FORGED[how](), [key_set("first")], BODY)


@pytest.mark.parametrize(
    "told", ["", "[]", '{"keys": 7}', '{"keys": [7]}', '{"keys": [{"kty": "RSA", "kid": "first"}]}']
)
def test_a_key_set_that_cannot_be_read_accepts_nothing(told: str) -> None:
    with pytest.raises(BadSignature):
        signing.check_detached_jws(jws(BODY), [told], BODY)

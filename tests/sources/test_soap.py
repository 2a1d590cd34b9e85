"""SOAP as far as it is needed."""

import pytest

from cagnotte.extras.sources.networks import soap
from cagnotte.hooks.reading import Misread


def test_a_call_can_be_read_back() -> None:
    content = soap.tags({"name": "A & B <c>", "limit": "5"})
    body = soap.envelope("https://ws.example/x", "askResponse", content)
    answer = soap.response(soap.parsed(body), "ask")
    assert answer.tag == "{https://ws.example/x}askResponse"
    assert soap.texts(answer) == {"name": "A & B <c>", "limit": "5"}


def test_an_answer_to_something_else_is_refused() -> None:
    body = soap.envelope("https://ws.example/x", "Fault", soap.tags({"faultstring": "no"}))
    with pytest.raises(Misread, match="does not answer “ask”"):
        soap.response(soap.parsed(body), "ask")
    with pytest.raises(Misread, match="does not answer “ask”"):
        soap.response(soap.parsed(b"<a><Body/></a>"), "ask")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no XML",
        b"<a>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        b"<a>&b;</a>",
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
)
def test_what_is_no_plain_xml_is_refused(body: bytes) -> None:
    with pytest.raises(Misread):
        soap.parsed(body)


def test_comments_and_instructions_are_none_of_its_texts() -> None:
    assert soap.texts(soap.parsed(b"<a><!-- x --><?y z?><b> 1 </b><c/><d><e>2</e></d></a>")) == {
        "b": "1",
        "c": "",
    }

"""The SEPA rail: the file that goes to the bank, and what comes back."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from cagnotte.domain.errors import InvalidInput, PayoutRefused
from cagnotte.extras.rails.sepa import SepaRail
from cagnotte.hooks.manager import payout_rail
from cagnotte.hooks.values import BankAccount, LineKind, StatusLine, Transfer, TransferBatch

RAIL = SepaRail()
BATCH = TransferBatch(
    message_id="pb-0123456789abcdef",
    debtor=BankAccount("Épicerie du Marché SAS", "FR7630006000011234567890189", "AGRIFRPP"),
    currency="EUR",
    execution_on=date(2026, 6, 12),
    created_at=datetime(2026, 6, 10, 9, 30, tzinfo=UTC),
    transfers=(
        Transfer(
            "po-1",
            BankAccount("Ana Müller & Søn", "DE89370400440532013000", "COBADEFFXXX"),
            1050,
            "Cashback June",
        ),
        Transfer(
            "po-2", BankAccount("Bob", "FR1420041010050500013M02606"), 250007, "Cashback June"
        ),
    ),
)
NAMESPACE = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def texts(content: bytes, path: str) -> list[str]:
    found = etree.fromstring(content).iterfind(f".//p:{path}", NAMESPACE)
    return [element.text or "" for element in found]


def test_a_batch_becomes_a_payment_file() -> None:
    content = RAIL.make_file(BATCH)
    assert content.startswith(b"<?xml")
    assert texts(content, "MsgId") == ["pb-0123456789abcdef"]
    assert texts(content, "PmtInfId") == ["pb-0123456789abcdef"]
    assert texts(content, "CreDtTm") == ["2026-06-10T09:30:00Z"]
    assert texts(content, "ReqdExctnDt/p:Dt") == ["2026-06-12"]
    assert texts(content, "GrpHdr/p:NbOfTxs") == ["2"]
    assert texts(content, "GrpHdr/p:CtrlSum") == ["2510.57"]
    assert texts(content, "EndToEndId") == ["po-1", "po-2"]
    assert texts(content, "InstdAmt") == ["10.50", "2500.07"]
    assert texts(content, "CdtrAcct/p:Id/p:IBAN") == [
        "DE89370400440532013000",
        "FR1420041010050500013M02606",
    ]
    assert texts(content, "CdtrAgt/p:FinInstnId/p:BICFI") == ["COBADEFFXXX"]


def test_names_are_written_in_letters_every_bank_can_print() -> None:
    content = RAIL.make_file(BATCH)
    assert texts(content, "Cdtr/p:Nm") == ["Ana Muller Son", "Bob"]
    assert texts(content, "Dbtr/p:Nm") == ["Epicerie du Marche SAS"]
    nameless = replace(BATCH.transfers[0], to=BankAccount("&&", "DE89370400440532013000"))
    assert texts(RAIL.make_file(replace(BATCH, transfers=[nameless])), "Cdtr/p:Nm") == [
        "NOTPROVIDED"
    ]


def test_the_same_batch_gives_the_same_bytes() -> None:
    assert RAIL.make_file(BATCH) == RAIL.make_file(BATCH)


def test_what_a_sepa_file_cannot_carry_is_refused() -> None:
    with pytest.raises(PayoutRefused, match="SEPA carries euros only, not CHF"):
        RAIL.make_file(replace(BATCH, currency="CHF"))
    with pytest.raises(PayoutRefused, match="takes 1 to 10000 transfers, not 0"):
        RAIL.make_file(replace(BATCH, transfers=[]))
    too_long = replace(BATCH.transfers[0], end_to_end_id="x" * 36)
    with pytest.raises(PayoutRefused, match=r"would break pain\.001\.001\.09: .*EndToEndId"):
        RAIL.make_file(replace(BATCH, transfers=[too_long]))


def test_the_rail_is_found_by_its_name() -> None:
    assert payout_rail("sepa").name == "sepa"


# ---- pain.002 -------------------------------------------------------------------------------------------------


def a_report(version: str, group: str, block: str = "") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment -->
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.{version}">
  <CstmrPmtStsRpt>
    <GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-06-10T12:00:00</CreDtTm></GrpHdr>
    <OrgnlGrpInfAndSts>
      <OrgnlMsgId>pb-1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}
    </OrgnlGrpInfAndSts>
    {block}
  </CstmrPmtStsRpt>
</Document>""".encode()


PARTLY = """<OrgnlPmtInfAndSts><OrgnlPmtInfId>pb-1</OrgnlPmtInfId><PmtInfSts>PART</PmtInfSts>
  <TxInfAndSts><OrgnlEndToEndId>po-1</OrgnlEndToEndId><TxSts>ACSC</TxSts></TxInfAndSts>
  <TxInfAndSts><OrgnlEndToEndId>po-2</OrgnlEndToEndId><TxSts>RJCT</TxSts>
    <StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf>
    <OrgnlTxRef><Amt><InstdAmt Ccy="EUR">25.00</InstdAmt></Amt></OrgnlTxRef></TxInfAndSts>
  <TxInfAndSts><OrgnlEndToEndId>po-3</OrgnlEndToEndId><TxSts>ACSP</TxSts></TxInfAndSts>
</OrgnlPmtInfAndSts>"""


@pytest.mark.parametrize("version", ["03", "10"])
def test_a_report_speaks_of_each_transfer(version: str) -> None:
    assert RAIL.read_status(a_report(version, "<GrpSts>PART</GrpSts>", PARTLY)) == [
        StatusLine(1, LineKind.COMPLETED, "po-1", "pb-1", code="ACSC"),
        StatusLine(
            2,
            LineKind.REJECTED,
            "po-2",
            "pb-1",
            2500,
            "EUR",
            code="AC04",
            reason="the account is closed",
        ),
        StatusLine(3, LineKind.ACCEPTED, "po-3", "pb-1", code="ACSP"),
    ]


def test_a_report_without_transfers_speaks_of_the_whole_batch() -> None:
    accepted = a_report("10", "<GrpSts>ACCP</GrpSts>")
    assert RAIL.read_status(accepted) == [
        StatusLine(1, LineKind.ACCEPTED, message_id="pb-1", code="ACCP")
    ]
    rejected = a_report(
        "10",
        "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>AM05</Cd></Rsn><AddtlInf>Seen</AddtlInf></StsRsnInf>",
    )
    assert RAIL.read_status(rejected) == [
        StatusLine(1, LineKind.REJECTED, message_id="pb-1", code="AM05", reason="Seen")
    ]
    by_block = a_report(
        "03", "", "<OrgnlPmtInfAndSts><PmtInfSts>RJCT</PmtInfSts></OrgnlPmtInfAndSts>"
    )
    assert RAIL.read_status(by_block)[0].kind is LineKind.REJECTED


# ---- camt -----------------------------------------------------------------------------------------------------


def a_statement(entries: str, *, message: str = "camt.053.001.08") -> bytes:
    outer, inner = (
        ("BkToCstmrStmt", "Stmt") if "053" in message else ("BkToCstmrDbtCdtNtfctn", "Ntfctn")
    )
    return f"""<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{message}"><{outer}>
  <GrpHdr><MsgId>M</MsgId><CreDtTm>2026-06-15T08:00:00</CreDtTm></GrpHdr>
  <{inner}><Id>1</Id><Acct><Id><IBAN>FR7630006000011234567890189</IBAN></Id></Acct>{entries}</{inner}>
</{outer}></Document>""".encode()


def an_entry(
    amount: str, direction: str, details: str, *, status: str = "<Sts><Cd>BOOK</Cd></Sts>"
) -> str:
    return f"""<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{status}
      <BookgDt><Dt>2026-06-12</Dt></BookgDt><ValDt><Dt>2026-06-12</Dt></ValDt>
      <BkTxCd><Prtry><Cd>X</Cd></Prtry></BkTxCd>{details}</Ntry>"""


V2_DETAILS = """<NtryDtls>
  <TxDtls><Refs><MsgId>pb-1</MsgId><EndToEndId>po-1</EndToEndId></Refs>
    <AmtDtls><TxAmt><Amt Ccy="EUR">10.50</Amt></TxAmt></AmtDtls></TxDtls>
  <TxDtls><Refs><MsgId>pb-1</MsgId><EndToEndId>po-2</EndToEndId></Refs>
    <AmtDtls><InstdAmt><Amt Ccy="EUR">25</Amt></InstdAmt></AmtDtls></TxDtls></NtryDtls>"""
V8_DETAILS = """<NtryDtls>
  <TxDtls><Refs><MsgId>pb-1</MsgId><EndToEndId>po-1</EndToEndId></Refs>
    <Amt Ccy="EUR">10.50</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls>
  <TxDtls><Refs><MsgId>pb-1</MsgId><EndToEndId>po-2</EndToEndId></Refs>
    <Amt Ccy="EUR">25.00</Amt><CdtDbtInd>DBIT</CdtDbtInd></TxDtls></NtryDtls>"""
TWO_SETTLED = [
    StatusLine(1, LineKind.SETTLED, "po-1", "pb-1", 1050, "EUR", on=date(2026, 6, 12)),
    StatusLine(2, LineKind.SETTLED, "po-2", "pb-1", 2500, "EUR", on=date(2026, 6, 12)),
]


@pytest.mark.parametrize(
    ("message", "status", "details"),
    [
        ("camt.053.001.02", "<Sts>BOOK</Sts>", V2_DETAILS),
        ("camt.054.001.04", "<Sts>BOOK</Sts>", V2_DETAILS),
        ("camt.053.001.08", "<Sts><Cd>BOOK</Cd></Sts>", V8_DETAILS),
        ("camt.054.001.08", "<Sts><Cd>BOOK</Cd></Sts>", V8_DETAILS),
    ],
)
def test_a_statement_settles_each_transfer_in_every_version(
    message: str, status: str, details: str
) -> None:
    entry = an_entry("35.50", "DBIT", details, status=status)
    assert RAIL.read_status(a_statement(entry, message=message)) == TWO_SETTLED


def test_a_single_transfer_takes_the_amount_of_its_entry() -> None:
    detail = "<NtryDtls><TxDtls><Refs><EndToEndId>po-1</EndToEndId></Refs></TxDtls></NtryDtls>"
    assert RAIL.read_status(a_statement(an_entry("10.5", "DBIT", detail))) == [
        StatusLine(1, LineKind.SETTLED, "po-1", "", 1050, "EUR", on=date(2026, 6, 12))
    ]


def test_a_batch_booked_as_one_entry_is_one_line() -> None:
    details = "<NtryDtls><Btch><MsgId>pb-1</MsgId><NbOfTxs>2</NbOfTxs></Btch></NtryDtls>"
    assert RAIL.read_status(a_statement(an_entry("35.50", "DBIT", details))) == [
        StatusLine(1, LineKind.SETTLED, "", "pb-1", 3550, "EUR", count=2, on=date(2026, 6, 12))
    ]


def test_a_return_is_a_credit_with_its_reason() -> None:
    detail = """<NtryDtls><TxDtls><Refs><EndToEndId>po-2</EndToEndId></Refs><Amt Ccy="EUR">25.00</Amt>
      <RtrInf><Rsn><Cd>MD07</Cd></Rsn></RtrInf></TxDtls></NtryDtls>"""
    assert RAIL.read_status(a_statement(an_entry("25.00", "CRDT", detail))) == [
        StatusLine(
            1,
            LineKind.RETURNED,
            "po-2",
            "",
            2500,
            "EUR",
            on=date(2026, 6, 12),
            code="MD07",
            reason="the account's owner has died",
        )
    ]


def test_a_return_may_be_known_by_its_code_alone() -> None:
    detail = """<NtryDtls><TxDtls><Refs><EndToEndId>po-2</EndToEndId></Refs><BkTxCd><Domn><Fmly>
      <SubFmlyCd>RRTN</SubFmlyCd></Fmly></Domn></BkTxCd></TxDtls></NtryDtls>"""
    (line,) = RAIL.read_status(a_statement(an_entry("25.00", "CRDT", detail)))
    assert (line.kind, line.end_to_end_id, line.amount_minor) == (LineKind.RETURNED, "po-2", 2500)


def test_what_does_not_name_its_transfer_is_not_taken_for_the_batch() -> None:
    unnamed = "<TxInfAndSts><TxSts>RJCT</TxSts></TxInfAndSts>"
    report = a_report("10", "", f"<OrgnlPmtInfAndSts>{unnamed}</OrgnlPmtInfAndSts>")
    assert [(line.end_to_end_id, line.message_id) for line in RAIL.read_status(report)] == [
        ("", "")
    ]
    details = "<TxDtls><Refs><MsgId>pb-1</MsgId></Refs></TxDtls>" * 2
    lines = RAIL.read_status(
        a_statement(an_entry("35.50", "DBIT", f"<NtryDtls>{details}</NtryDtls>"))
    )
    assert [(line.end_to_end_id, line.message_id) for line in lines] == [("", "")] * 2


def test_receipts_charges_and_entries_not_booked_yet_are_something_else() -> None:
    receipt = """<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs></TxDtls></NtryDtls>"""
    pending = an_entry("25.00", "DBIT", V8_DETAILS, status="<Sts><Cd>PDNG</Cd></Sts>")
    lines = RAIL.read_status(
        a_statement(an_entry("99.00", "CRDT", receipt) + an_entry("1.20", "DBIT", "") + pending)
    )
    assert [line.kind for line in lines] == [LineKind.OTHER] * 3
    assert [line.end_to_end_id for line in lines] == ["", "", ""]
    assert lines[2].reason == "not booked"


# ---- files that are none ----------------------------------------------------------------------------------------


def test_a_file_cut_short_is_refused() -> None:
    content = a_statement(an_entry("35.50", "DBIT", V8_DETAILS))
    with pytest.raises(InvalidInput, match="no complete XML document"):
        RAIL.read_status(content[: len(content) // 2])
    with pytest.raises(InvalidInput, match="no complete XML document"):
        RAIL.read_status(b"")


def test_another_kind_of_file_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"no pain\.002 and no camt.*CstmrCdtTrfInitn"):
        RAIL.read_status(RAIL.make_file(BATCH))


def test_a_file_cannot_make_us_read_another() -> None:
    content = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>
<Document><BkToCstmrStmt><Stmt>&e;</Stmt></BkToCstmrStmt></Document>"""
    with pytest.raises(InvalidInput, match="declares a document type"):
        RAIL.read_status(content)


def test_a_bad_amount_or_day_is_named_with_its_line() -> None:
    with pytest.raises(InvalidInput, match="an amount that is none") as refused:
        RAIL.read_status(a_statement(an_entry("ten", "DBIT", "")))
    assert refused.value.facts["line"] == 4
    bad_day = an_entry("10.00", "DBIT", "").replace("2026-06-12", "2026-13-12")
    with pytest.raises(InvalidInput, match="“2026-13-12” is no date"):
        RAIL.read_status(a_statement(bad_day))

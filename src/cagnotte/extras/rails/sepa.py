"""SEPA credit transfers by file: pain.001.001.09 out; pain.002, camt.052, .053 and .054 back.

Elements are found by their local names, so every version of an answer is read alike; what differs between the
versions (Sts as text or as a code, Amt directly or under AmtDtls) is read both ways.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date
from functools import cache
from importlib.resources import as_file, files
from typing import Final

from lxml import etree
from sepaxml import SepaTransfer

from cagnotte.domain.errors import InvalidInput, InvalidMoney, PayoutRefused, UnknownCurrency
from cagnotte.domain.money import parse_minor
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.values import LineKind, PayoutRail, StatusLine, TransferBatch

SCHEMA = "pain.001.001.09"
CURRENCY = "EUR"
NAME_LENGTH_MAX = 70
TEXT_LENGTH_MAX = 140

_UNPRINTABLE = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
"""All that the European Payments Council's basic character set leaves out."""

_NO_REFERENCE = ("", "NOTPROVIDED", "NONREF")

_RETURN_CODES = ("RRTN", "RPCR")
"""Bank transaction codes of a transfer sent back, and of one called back."""

_STATUS_KINDS = {
    "RJCT": LineKind.REJECTED,
    "CANC": LineKind.REJECTED,
    "ACSC": LineKind.COMPLETED,
    "ACCC": LineKind.COMPLETED,
    "ACCP": LineKind.ACCEPTED,
    "ACSP": LineKind.ACCEPTED,
    "ACTC": LineKind.ACCEPTED,
    "ACWC": LineKind.ACCEPTED,
    "PDNG": LineKind.ACCEPTED,
    "RCVD": LineKind.ACCEPTED,
}

REASONS: Final = {
    "AC01": "the account number is wrong",
    "AC04": "the account is closed",
    "AC06": "the account is blocked",
    "AG01": "the account takes no transfers",
    "AG02": "the bank does not take this kind of transfer",
    "AM04": "the programme's account lacks funds",
    "AM05": "the transfer was sent twice",
    "BE04": "the member's address is missing",
    "BE05": "the bank does not know the sender",
    "CNOR": "the member's bank is not in the scheme",
    "FOCR": "called back by the sender",
    "MD07": "the account's owner has died",
    "MS02": "refused by the member",
    "MS03": "the bank gives no reason",
    "RC01": "the bank's code is wrong",
    "RR04": "refused for regulatory reasons",
    "TM01": "the file came too late",
}
"""What ISO 20022's external codes mean, for the codes that payouts meet."""


class SepaRail:
    """Files for any European bank."""

    name = "sepa"
    transfers_max = 10_000
    file_suffix = ".xml"

    def make_file(self, batch: TransferBatch) -> bytes:
        """Write a pain.001.001.09; see `PayoutRail.make_file`."""
        if batch.currency != CURRENCY:
            raise PayoutRefused(
                f"SEPA carries euros only, not {batch.currency}.", currency=batch.currency
            )
        if not 0 < len(batch.transfers) <= self.transfers_max:
            raise PayoutRefused(
                f"A SEPA file takes 1 to {self.transfers_max} transfers, not {len(batch.transfers)}."
            )
        return _made_repeatable(_draft(batch), batch)

    def read_status(self, content: bytes) -> list[StatusLine]:
        """Read a pain.002 or a camt; see `PayoutRail.read_status`."""
        root = _parse(content)
        body = next((_local(child) for child in root), "")
        if body == "CstmrPmtStsRpt":
            return _numbered(_read_status_report(root))
        if body in ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", "BkToCstmrAcctRpt"):
            return _numbered(_read_statement(root))
        raise InvalidInput(
            f"This file is no pain.002 and no camt.052, .053 or .054 (it holds “{body or _local(root)}”).",
            found=body,
        )


@hookimpl
def payout_rails() -> list[PayoutRail]:
    """Bring the SEPA rail."""
    return [SepaRail()]


# ---- writing --------------------------------------------------------------------------------------------------


def _draft(batch: TransferBatch) -> bytes:
    debtor = {
        "name": batch.debtor.holder,
        "IBAN": batch.debtor.iban,
        "batch": True,
        "currency": batch.currency,
    }
    if batch.debtor.bic:
        debtor["BIC"] = batch.debtor.bic
    draft = SepaTransfer(debtor, schema=SCHEMA, clean=True)
    for transfer in batch.transfers:
        payment = {
            "name": transfer.to.holder,
            "IBAN": transfer.to.iban,
            "amount": transfer.amount_minor,
            "execution_date": batch.execution_on,
            "description": transfer.text,
            "endtoend_id": transfer.end_to_end_id,
        }
        if transfer.to.bic:
            payment["BIC"] = transfer.to.bic
        draft.add_payment(payment)
    written: bytes = draft.export(validate=False)
    return written


def _made_repeatable(draft: bytes, batch: TransferBatch) -> bytes:
    """Replace the clock and the random names the draft was made with, then check it against its schema.

    A file that is made again after a crash must be the same file, or the bank would pay it twice.
    """
    root = _parse(draft)
    replacements = {
        "MsgId": batch.message_id,
        "CreDtTm": batch.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "PmtInfId": batch.message_id,
    }
    for element in root.iter(etree.Element):
        name = _local(element)
        if name in replacements:
            element.text = replacements[name]
        elif name == "Nm":
            element.text = _printable(element.text or "", NAME_LENGTH_MAX)
        elif name == "Ustrd":
            element.text = _printable(element.text or "", TEXT_LENGTH_MAX)
    try:
        _schema().assertValid(root)
    except etree.DocumentInvalid as error:
        raise PayoutRefused(
            f"The payment file would break {SCHEMA}: {error}", message_id=batch.message_id
        ) from error
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _printable(text: str, length_max: int) -> str:
    kept = " ".join(_UNPRINTABLE.sub(" ", text).split())[:length_max].strip()
    return kept or "NOTPROVIDED"


@cache
def _schema() -> etree.XMLSchema:
    with as_file(files("sepaxml") / "schemas" / f"{SCHEMA}.xsd") as path:
        return etree.XMLSchema(etree.parse(str(path)))


# ---- reading XML ----------------------------------------------------------------------------------------------


def _parse(content: bytes) -> etree._Element:
    """Parse XML from outside: no entities, no document type, nothing fetched."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidInput(
            f"The file is no complete XML document: {error.msg}. It may be cut short; fetch it again.",
            line=error.lineno,
        ) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidInput("The file declares a document type, which no bank's answer does.")
    return root


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return [child for child in element if _local(child) == name]


def _find(element: etree._Element, *path: str) -> etree._Element | None:
    """Return the first element at a path of local names, looking into every branch."""
    if not path:
        return element
    for child in _children(element, path[0]):
        found = _find(child, *path[1:])
        if found is not None:
            return found
    return None


def _text(element: etree._Element, *path: str) -> str:
    found = _find(element, *path)
    return "" if found is None else (found.text or "").strip()


def _reference(element: etree._Element, *path: str) -> str:
    text = _text(element, *path)
    return "" if text in _NO_REFERENCE else text


def _amount(element: etree._Element, *path: str) -> tuple[int | None, str]:
    found = _find(element, *path)
    if found is None or not found.text:
        return None, ""
    currency = str(found.get("Ccy") or CURRENCY)
    text = found.text.strip()
    # XML decimals may be written .50 or 5. as well.
    if text.startswith("."):
        text = f"0{text}"
    try:
        return parse_minor(text.removesuffix("."), currency), currency
    except (InvalidMoney, UnknownCurrency) as error:
        raise InvalidInput(
            f"The file gives an amount that is none: {error}", line=found.sourceline
        ) from error


def _day(element: etree._Element, name: str) -> date | None:
    text = (_text(element, name, "Dt") or _text(element, name, "DtTm"))[:10]
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(f"“{text}” is no date.", line=element.sourceline) from None


def _reason(element: etree._Element, name: str) -> tuple[str, str]:
    """Return the code and the words of a StsRsnInf or RtrInf."""
    code = _text(element, name, "Rsn", "Cd") or _text(element, name, "Rsn", "Prtry")
    words = _text(element, name, "AddtlInf") or REASONS.get(code, "")
    return code, words


def _numbered(lines: Iterator[StatusLine]) -> list[StatusLine]:
    return [
        StatusLine(
            number,
            line.kind,
            line.end_to_end_id,
            line.message_id,
            line.amount_minor,
            line.currency,
            line.count,
            line.on,
            line.code,
            line.reason,
        )
        for number, line in enumerate(lines, start=1)
    ]


# ---- pain.002 -------------------------------------------------------------------------------------------------


def _read_status_report(root: etree._Element) -> Iterator[StatusLine]:
    for report in root:
        group = _find(report, "OrgnlGrpInfAndSts")
        message_id = "" if group is None else _text(group, "OrgnlMsgId")
        blocks = _children(report, "OrgnlPmtInfAndSts")
        transactions = [one for block in blocks for one in _children(block, "TxInfAndSts")]
        for transaction in transactions:
            yield _read_transaction_status(transaction, message_id)
        if not transactions:
            # No word about single transfers: what is said of the group holds for all of them.
            holders = [*blocks, *([] if group is None else [group])]
            yield _read_group_status(holders, message_id)


def _read_transaction_status(transaction: etree._Element, message_id: str) -> StatusLine:
    status = _text(transaction, "TxSts")
    code, words = _reason(transaction, "StsRsnInf")
    amount_minor, currency = _amount(transaction, "OrgnlTxRef", "Amt", "InstdAmt")
    reference = _reference(transaction, "OrgnlEndToEndId")
    return StatusLine(
        0,
        _STATUS_KINDS.get(status, LineKind.OTHER),
        end_to_end_id=reference,
        # What is said of one transfer without naming it must not be taken for the whole batch.
        message_id=message_id if reference else "",
        amount_minor=amount_minor,
        currency=currency,
        code=code or status,
        reason=words,
    )


def _read_group_status(holders: list[etree._Element], message_id: str) -> StatusLine:
    for holder in holders:
        status = _text(holder, "PmtInfSts") or _text(holder, "GrpSts")
        if status:
            code, words = _reason(holder, "StsRsnInf")
            kind = _STATUS_KINDS.get(status, LineKind.OTHER)
            return StatusLine(0, kind, message_id=message_id, code=code or status, reason=words)
    return StatusLine(0, LineKind.OTHER, message_id=message_id, reason="the report says nothing")


# ---- camt -----------------------------------------------------------------------------------------------------


def _read_statement(root: etree._Element) -> Iterator[StatusLine]:
    for message in root:
        for name in ("Stmt", "Ntfctn", "Rpt"):
            for statement in _children(message, name):
                for entry in _children(statement, "Ntry"):
                    yield from _read_entry(entry)


def _read_entry(entry: etree._Element) -> Iterator[StatusLine]:
    status = _text(entry, "Sts", "Cd") or _text(entry, "Sts")
    details = [
        detail for block in _children(entry, "NtryDtls") for detail in _children(block, "TxDtls")
    ]
    if status != "BOOK":
        yield StatusLine(
            0, LineKind.OTHER, on=_day(entry, "BookgDt"), code=status, reason="not booked"
        )
    elif details:
        for detail in details:
            yield _read_detail(entry, detail, alone=len(details) == 1)
    else:
        yield _read_batched(entry)


def _read_detail(entry: etree._Element, detail: etree._Element, *, alone: bool) -> StatusLine:
    amount_minor, currency = _detail_amount(entry, detail, alone=alone)
    code, words = _reason(detail, "RtrInf")
    returned = _find(detail, "RtrInf") is not None or any(
        _text(holder, "BkTxCd", "Domn", "Fmly", "SubFmlyCd") in _RETURN_CODES
        for holder in (entry, detail)
    )
    reference = _reference(detail, "Refs", "EndToEndId")
    message_id = _reference(detail, "Refs", "MsgId") or _reference(detail, "Refs", "PmtInfId")
    return StatusLine(
        0,
        _entry_kind(entry, detail, returned=returned),
        end_to_end_id=reference,
        # One of several details that does not name its transfer is not the whole batch.
        message_id=message_id if reference or alone else "",
        amount_minor=amount_minor,
        currency=currency,
        on=_day(entry, "BookgDt"),
        code=code,
        reason=words,
    )


def _detail_amount(
    entry: etree._Element, detail: etree._Element, *, alone: bool
) -> tuple[int | None, str]:
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt")):
        amount_minor, currency = _amount(detail, *path)
        if amount_minor is not None:
            return amount_minor, currency
    return _amount(entry, "Amt") if alone else (None, "")


def _entry_kind(
    entry: etree._Element, detail: etree._Element | None, *, returned: bool
) -> LineKind:
    direction = "" if detail is None else _text(detail, "CdtDbtInd")
    reversal = _text(entry, "RvslInd") in ("true", "1")
    if (direction or _text(entry, "CdtDbtInd")) == "DBIT":
        # A reversed debit order of ours is a credit; a debit that reverses is a receipt taken back.
        return LineKind.OTHER if reversal else LineKind.SETTLED
    return LineKind.RETURNED if returned or reversal else LineKind.OTHER


def _read_batched(entry: etree._Element) -> StatusLine:
    """Read an entry without details: a batch booked as one, or something that is none of ours."""
    amount_minor, currency = _amount(entry, "Amt")
    count = _text(entry, "NtryDtls", "Btch", "NbOfTxs")
    message_id = (
        _reference(entry, "NtryDtls", "Btch", "MsgId")
        or _reference(entry, "NtryDtls", "Btch", "PmtInfId")
        or _reference(entry, "NtryRef")
    )
    kind = _entry_kind(entry, None, returned=False)
    return StatusLine(
        0,
        kind if message_id else LineKind.OTHER,
        message_id=message_id,
        amount_minor=amount_minor,
        currency=currency,
        count=int(count) if count.isdigit() else None,
        on=_day(entry, "BookgDt"),
        reason=_text(entry, "AddtlNtryInf"),
    )

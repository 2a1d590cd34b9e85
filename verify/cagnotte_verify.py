"""Check a proof from a Cagnotte cashback platform: that an entry is in the books, that a balance is counted as owed.

    cagnotte-verify proof.json --published head.json

This file is the whole program and needs nothing but Python 3.9 or later. It knows no platform and asks no server: it
recomputes hashes (SHA-256) from what the proof discloses up to the hash that the operator published for everybody.
Read it from the bottom: `main`, then `check`, then what each part of a proof must satisfy. The format is described in
docs/reference/proofs.md of Cagnotte; the names here are the ones used there.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any, NoReturn

HOLDS, REFUTED, UNREADABLE = 0, 1, 2
"""Exit codes."""

STATES = ("pending", "confirmed", "available", "held")
OTHER_DEBTS = ("vouchers", "unclaimed", "payouts", "donations", "deposits")
AMOUNT_BOUND = 1 << 63
DECIMALS_MAX = 4
HASH_PATTERN = re.compile("[0-9a-f]{64}")

SEAL_KEYS = {
    *("format", "programme", "number", "previous", "history", "sealed_at", "mark", "batches"),
    *("transactions", "root", "decimals", "owed"),
}


class Refuted(Exception):
    """The proof does not hold; the sentence says why."""


class Unreadable(Exception):
    """This is no proof at all, or a damaged one."""


# ---- Hashes and trees ----------------------------------------------------------------------------------------------


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(data).digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: behind the byte 0, so that it cannot pass for a node."""
    return sha256(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node of a plain tree: behind the byte 1."""
    return sha256(b"\x01" + left + right)


def node_sum(
    left: tuple[bytes, list[int]], right: tuple[bytes, list[int]]
) -> tuple[bytes, list[int]]:
    """Return a node of a tree of sums: its hash covers both sides' hashes and sums; its sums are theirs added."""
    written = b"".join(
        node + b"".join(amount.to_bytes(8, "big") for amount in sums)
        for node, sums in (left, right)
    )
    sums = [one + other for one, other in zip(left[1], right[1])]
    require_amounts(sums, "A sum in the tree of balances")
    return sha256(b"\x01" + written), sums


def climb(leaf: Any, place: int, size: int, path: list[Any], combine: Any, what: str) -> Any:
    """Return the root of a tree of `size` leaves, from one leaf at `place` (from 0) and the nodes beside its way up.

    The shape of the tree follows from its size alone (RFC 9162, 2.1.3.2), so a path that is too long or too short
    is refuted, not only a wrong one.
    """
    if not 0 <= place < size:
        raise Refuted(f"{what} is at place {place} of a tree of {size}.")
    node, last = leaf, size - 1
    for beside in path:
        if last == 0:
            raise Refuted(f"The path of {what} is too long.")
        if place & 1 or place == last:
            node = combine(beside, node)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            node = combine(node, beside)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise Refuted(f"The path of {what} is too short.")
    return node


# ---- Reading strictly ----------------------------------------------------------------------------------------------
#
# Everything is written in one way only. So a changed file is either another proof, which must hold, or no proof.


def compact(value: Any) -> str:
    """Write JSON as the hashed texts are written."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def spacious(value: Any) -> str:
    """Write JSON as proof files are written."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read_json(text: str, write: Any, what: str) -> Any:
    """Parse a JSON text that must be exactly as `write` would write it."""
    try:
        value = json.loads(text)
        is_strict = write(value) == text
    except (ValueError, RecursionError):
        raise Unreadable(f"{what} is not JSON.") from None
    if not is_strict:
        raise Unreadable(f"{what} is not written in the one way that is allowed.")
    return value


def read_object(value: Any, keys: set[str], what: str) -> dict[str, Any]:
    """Return a JSON object that must have exactly these keys."""
    if type(value) is not dict or set(value) != keys:
        raise Unreadable(f"{what} does not have the parts it must have.")
    return value


def read_list(value: Any, what: str) -> list[Any]:
    """Return a JSON list."""
    if type(value) is not list:
        raise Unreadable(f"{what} is not a list.")
    return value


def read_text(value: Any, what: str) -> str:
    """Return a text."""
    if type(value) is not str:
        raise Unreadable(f"{what} is not a text.")
    return value


def read_number(value: Any, what: str) -> int:
    """Return a whole number; JSON's true and 1.0 are none."""
    if type(value) is not int:
        raise Unreadable(f"{what} is not a whole number.")
    return value


def read_hash(value: Any, what: str) -> bytes:
    """Return 32 bytes from 64 hexadecimal digits in lower case."""
    text = read_text(value, what)
    if not HASH_PATTERN.fullmatch(text):
        raise Unreadable(f"{what} is not a hash of 64 hexadecimal digits.")
    return bytes.fromhex(text)


def read_row(text: Any, name: str, length: int, what: str) -> list[Any]:
    """Return the list that a hashed text holds: its name and version, then its fields."""
    row = read_list(read_json(read_text(text, what), compact, what), what)
    if len(row) != length or row[0] != name:
        raise Unreadable(f"{what} is not a text of the kind {name}.")
    return row


def require_amounts(amounts: list[int], what: str) -> None:
    """Refuse negative amounts, by which one balance could hide another, and those beyond the ledger's integers."""
    for amount in amounts:
        if not 0 <= read_number(amount, what) < AMOUNT_BOUND:
            raise Refuted(f"{what} is {amount}: below zero, or too large.")


def money(amount_minor: int, currency: str, seal: dict[str, Any]) -> str:
    """Write an amount of minor units for people, with the decimals that a seal says its currency has."""
    if currency not in seal["decimals"]:
        return f"{amount_minor} minor units of {currency}"
    decimals = seal["decimals"][currency]
    whole, part = divmod(abs(amount_minor), 10**decimals)
    sign = "-" if amount_minor < 0 else ""
    return f"{sign}{whole}{f'.{part:0{decimals}}' if decimals else ''} {currency}"


# ---- What a proof is made of ---------------------------------------------------------------------------------------


def read_seal(text: Any, what: str) -> dict[str, Any]:
    """Return what a seal says."""
    seal = read_object(read_json(read_text(text, what), compact, what), SEAL_KEYS, what)
    if seal["format"] != "cagnotte-seal-1":
        raise Unreadable(f"{what} is of a version this program does not know.")
    for name in ("number", "batches", "transactions"):
        read_number(seal[name], f"“{name}” of {what}")
    for currency, decimals in seal["decimals"].items():
        if not 0 <= read_number(decimals, f"The decimals of {currency}") <= DECIMALS_MAX:
            raise Unreadable(f"{currency} has no such number of decimals.")
    for currency, owed in (seal["owed"] or {}).items():
        names = ("wallets", *STATES)
        require_amounts([owed[name] for name in names], f"What {what} says of {currency}")
    return seal


def read_head(value: Any) -> tuple[dict[str, Any], bytes]:
    """Return the seal everything is proved against, and its hash."""
    head = read_object(value, {"hash", "text"}, "The head")
    told = read_hash(head["hash"], "The hash of the head")
    seal = read_seal(head["text"], "the head")
    if sha256(head["text"].encode()) != told:
        raise Refuted("The head does not have the hash that stands beside it.")
    return seal, told


def check_earlier_seals(value: Any, head: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Check that earlier seals are in the head's tree of all seals before it; return them by number."""
    seals = {}
    root = read_hash(head["history"], "The history of the head")
    for each in read_list(value, "“seals”"):
        part = read_object(each, {"text", "path"}, "A seal")
        seal = read_seal(part["text"], "an earlier seal")
        what = f"seal {seal['number']}"
        path = [read_hash(node, f"The path of {what}") for node in read_list(part["path"], what)]
        leaf = leaf_hash(sha256(part["text"].encode()))
        size = head["number"] - 1
        if climb(leaf, seal["number"] - 1, size, path, node_hash, what) != root:
            raise Refuted(f"The head does not continue {what}.")
        if seal["programme"] != head["programme"]:
            raise Refuted(f"{what.capitalize()} is of another programme than the head.")
        seals[seal["number"]] = seal
    return seals


def account_id(programme: str, kind: str, owner: str, currency: str) -> uuid.UUID:
    """Return the id of an account, which is derived from what the account is (UUID version 8)."""
    parts = ("account", uuid.UUID(programme).hex, kind, uuid.UUID(owner).hex, currency)
    digest = sha256("\x1f".join(parts).encode())
    number = int.from_bytes(digest[10:16] + digest[:10], "big")
    number = number & ~(0xF << 76) | 0x8 << 76
    return uuid.UUID(int=number & ~(0x3 << 62) | 0x2 << 62)


def read_accounts(value: Any, programme: str) -> dict[str, dict[str, Any]]:
    """Return the accounts by id, after checking that each id is derived from what is said of the account."""
    accounts = {}
    for each in read_list(value, "“accounts”"):
        account = read_object(each, {"id", "kind", "owner", "currency"}, "An account")
        texts = {name: read_text(text, "A part of an account") for name, text in account.items()}
        try:
            derived = account_id(programme, texts["kind"], texts["owner"], texts["currency"])
            is_strict = str(uuid.UUID(texts["owner"])) == texts["owner"]
        except ValueError:
            raise Unreadable("An account's owner is not an id.") from None
        if str(derived) != texts["id"] or not is_strict:
            raise Refuted(f"Account {texts['id']} is not what the proof says it is.")
        accounts[texts["id"]] = texts
    return accounts


def check_transaction(
    value: Any,
    head: dict[str, Any],
    earlier: dict[int, dict[str, Any]],
    accounts: dict[str, dict[str, Any]],
) -> list[str]:
    """Check one transaction: its legs, its way into its batch, its batch's way into its seal."""
    keys = {"text", "place", "path", "batch", "seal", "legs"}
    part = read_object(value, keys, "A transaction")
    row = read_row(part["text"], "cagnotte-transaction-1", 15, "A transaction")
    identity, programme, kind, batch_id = row[1], row[3], row[5], row[8]
    what = f"transaction {identity}"
    number = read_number(part["seal"], f"The seal of {what}")
    seal = head if number == head["number"] else earlier.get(number)
    if seal is None:
        raise Refuted(f"Seal {number}, which {what} is said to be in, is not in the proof.")
    if programme != head["programme"]:
        raise Refuted(f"{what.capitalize()} is of another programme than the head.")

    batch = read_object(part["batch"], {"text", "place", "path"}, "A batch")
    batch_row = read_row(batch["text"], "cagnotte-batch-1", 4, "A batch")
    size = read_number(batch_row[2], "The size of a batch")
    path = [read_hash(node, f"The path of {what}") for node in read_list(part["path"], what)]
    place = read_number(part["place"], f"The place of {what}")
    leaf = leaf_hash(part["text"].encode())
    root = climb(leaf, place, size, path, node_hash, what)
    if root.hex() != batch_row[3] or batch_id != batch_row[1]:
        raise Refuted(f"{what.capitalize()} is not in its batch.")

    what_batch = f"batch {batch_row[1]}"
    path = [read_hash(node, f"The path of {what_batch}") for node in read_list(batch["path"], "")]
    place = read_number(batch["place"], f"The place of {what_batch}")
    leaf = leaf_hash(batch["text"].encode())
    if climb(leaf, place, seal["batches"], path, node_hash, what_batch).hex() != seal["root"]:
        raise Refuted(f"{what_batch.capitalize()} is not in seal {number}.")

    sentences = [
        f"Transaction {identity} ({kind}) of {row[9]}, recorded {row[11]}, is in seal {number}."
    ]
    return sentences + check_legs(part["legs"], row, accounts, head)


def check_legs(
    value: Any, transaction: list[Any], accounts: dict[str, dict[str, Any]], head: dict[str, Any]
) -> list[str]:
    """Check the disclosed legs of a transaction against its commitments; those not disclosed stay hidden."""
    identity, commitments = transaction[1], read_list(transaction[14], "The legs")
    if transaction[12] != len(commitments):
        raise Refuted(f"Transaction {identity} does not have as many legs as it says.")
    sentences: list[str] = []
    shown: set[int] = set()
    sums: dict[str, int] = {}
    for each in read_list(value, "“legs”"):
        part = read_object(each, {"salt", "text"}, "A leg")
        row = read_row(part["text"], "cagnotte-leg-1", 6, "A leg")
        leg, account_id_told = read_number(row[1], "The number of a leg"), row[2]
        currency, amount = row[3], read_number(row[4], "The amount of a leg")
        salt = read_hash(part["salt"], "The salt of a leg")
        if not 1 <= leg <= len(commitments) or leg in shown:
            raise Refuted(f"Leg {leg} is not one of transaction {identity}.")
        if sha256(salt + part["text"].encode()).hex() != commitments[leg - 1]:
            raise Refuted(f"Leg {leg} of transaction {identity} is not the one that was sealed.")
        account = accounts.get(account_id_told)
        if account is None or account["currency"] != currency:
            raise Refuted(f"The account of leg {leg} of transaction {identity} is not explained.")
        shown.add(leg)
        account["is_used"] = True
        sums[currency] = sums.get(currency, 0) + amount
        side = "debit" if amount > 0 else "credit"
        sentences.append(
            f"  {side} {money(abs(amount), currency, head)}: {account['kind']} of {account['owner']}"
        )
    if len(shown) == len(commitments) and any(sums.values()):
        raise Refuted(f"The legs of transaction {identity} do not sum to zero.")
    return sentences


def check_balance(value: Any, head: dict[str, Any]) -> list[str]:
    """Check one wallet's balance: its way into the tree of everything owed to members."""
    part = read_object(value, {"text", "salt", "place", "path"}, "A balance")
    row = read_row(part["text"], "cagnotte-balance-1", 9, "A balance")
    programme, number, currency, wallet, amounts = row[1], row[2], row[3], row[4], row[5:]
    what = f"the balance of wallet {wallet}"
    require_amounts(amounts, what)
    if (programme, number) != (head["programme"], head["number"]):
        raise Refuted(f"{what.capitalize()} is not of the head.")
    owed = (head["owed"] or {}).get(currency)
    if owed is None:
        raise Refuted(f"The head says nothing of {currency}.")
    path = []
    for node in read_list(part["path"], f"The path of {what}"):
        beside = read_object(node, {"hash", "sums"}, "A node")
        sums = read_list(beside["sums"], "The sums of a node")
        if len(sums) != len(STATES):
            raise Unreadable("A node has not as many sums as there are states.")
        require_amounts(sums, "A sum beside the path")
        path.append((read_hash(beside["hash"], "A node"), sums))
    salt = read_hash(part["salt"], "The salt of a balance")
    leaf = (leaf_hash(salt + part["text"].encode()), amounts)
    place = read_number(part["place"], f"The place of {what}")
    root, sums = climb(leaf, place, owed["wallets"], path, node_sum, what)
    if root.hex() != owed["root"] or sums != [owed[state] for state in STATES]:
        raise Refuted(f"{what.capitalize()} is not in what the head says is owed.")
    told = ", ".join(
        f"{state} {money(amount, currency, head)}" for state, amount in zip(STATES, amounts)
    )
    return [f"Wallet {wallet} is counted with: {told}. Make sure that this wallet is yours."]


def tell_owed(head: dict[str, Any]) -> list[str]:
    """Say what all members together are owed, and what stands against it."""
    sentences = []
    for currency, owed in (head["owed"] or {}).items():
        members = ", ".join(f"{state} {money(owed[state], currency, head)}" for state in STATES)
        others = sum(owed[name] for name in OTHER_DEBTS)
        due = owed["available"] + owed["held"] + others
        sentences.append(f"All {owed['wallets']} wallets together: {members}.")
        sentences.append(
            f"Payable at once: {money(due, currency, head)} (available, held, and "
            f"{money(others, currency, head)} of other debts). "
            f"At the bank: {money(owed['bank'], currency, head)}."
        )
    return sentences


def check(text: str, published: bytes | None = None) -> list[str]:
    """Check the text of a proof, against the published hash of a seal if it is given; return what is proved.

    Raises Refuted or Unreadable with the reason.
    """
    try:
        return check_parts(text, published)
    except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
        raise Unreadable(f"A part of the proof is not what it should be ({error}).") from error


def check_parts(text: str, published: bytes | None) -> list[str]:
    """Check the head, then every part of the proof against it."""
    keys = {"format", "head", "accounts", "balances", "seals", "transactions"}
    proof = read_object(read_json(text, spacious, "The proof"), keys, "The proof")
    if proof["format"] != "cagnotte-proof-1":
        raise Unreadable("The proof is of a version this program does not know.")
    head, head_hash = read_head(proof["head"])
    name = f"Seal {head['number']} of programme {head['programme']}, made {head['sealed_at']},"
    sentences = [f"{name} has the hash {head_hash.hex()}."]
    if published is None:
        sentences.append("Compare this hash with the published one: without it, nothing is proved.")
    elif published != head_hash:
        raise Refuted(
            f"{name} has the hash {head_hash.hex()}, not the published {published.hex()}. Either the proof is for "
            "another seal than the published one, or it is false."
        )
    earlier = check_earlier_seals(proof["seals"], head)
    accounts = read_accounts(proof["accounts"], head["programme"])
    for transaction in read_list(proof["transactions"], "“transactions”"):
        sentences += check_transaction(transaction, head, earlier, accounts)
    if not all("is_used" in account for account in accounts.values()):
        raise Refuted("The proof explains an account that no leg names.")
    for balance in read_list(proof["balances"], "“balances”"):
        sentences += check_balance(balance, head)
    if not (proof["transactions"] or proof["balances"] or earlier):
        raise Refuted("The proof is empty.")
    sentences += [f"Seal {number} is continued by seal {head['number']}." for number in earlier]
    return sentences + tell_owed(head)


def published_hash(text: str) -> bytes:
    """Return the hash of the seal in a file an operator published."""
    value = read_json(text, spacious, "The published file")
    head = read_object(value, {"format", "seal"}, "The published file")
    if head["format"] != "cagnotte-head-1":
        raise Unreadable("The published file is of a version this program does not know.")
    return read_head(head["seal"])[1]


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command: print what is proved and exit with 0, or why not and exit with 1, or 2 when unreadable."""
    parser = argparse.ArgumentParser(
        prog="cagnotte-verify", description="Check a proof from a Cagnotte platform."
    )
    parser.add_argument("proof", type=Path, help="the proof you were given")
    against = parser.add_mutually_exclusive_group()
    against.add_argument("--published", type=Path, help="the file the operator published")
    against.add_argument("--hash", help="or the hash of the published seal, 64 hexadecimal digits")
    asked = parser.parse_args(arguments)
    try:
        published = None
        if asked.published:
            published = published_hash(asked.published.read_text(encoding="utf-8"))
        elif asked.hash:
            published = read_hash(asked.hash.strip().lower(), "The published hash")
        sentences = check(asked.proof.read_text(encoding="utf-8"), published)
    except Refuted as refuted:
        print(f"REFUTED  {refuted}")
        sys.exit(REFUTED)
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        print(f"UNREADABLE  {error}")
        sys.exit(UNREADABLE)
    print("HOLDS" if published else "CONSISTENT")
    for sentence in sentences:
        print(sentence)
    sys.exit(HOLDS)


if __name__ == "__main__":
    main()

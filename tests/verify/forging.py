"""Proofs for the tests of the verifier, and forgeries of them: each with what the verifier must say.

`python -m tests.verify.forging` writes the vectors in verify/vectors anew, from a ledger of its own.
"""

import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

VECTORS = Path(__file__).parents[2] / "verify" / "vectors"
HOLDS, REFUTED, UNREADABLE = 0, 1, 2

Document = dict[str, Any]


class Vector(NamedTuple):
    """A file, what it is checked against (empty: nothing), the exit code, and words of the answer."""

    file: str
    published: str
    exit_code: int
    says: str


def spacious(value: Document) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def edited(text: str, place: int | str, change: Callable[[Any], object]) -> str:
    """Return a hashed text with one of its fields changed."""
    value = json.loads(text)
    value[place] = change(value[place])
    return compact(value)


def with_hash(head: Document) -> Document:
    return {**head, "hash": hashlib.sha256(head["text"].encode()).hexdigest()}


def flip(digits: str) -> str:
    return ("1" if digits[0] == "0" else "0") + digits[1:]


# ---- Forgeries of a balance: (name, change of the proof, exit code, words of the answer) ----


def _richer(proof: Document) -> None:
    one = proof["balances"][0]
    one["text"] = edited(one["text"], 7, lambda amount: amount + 100_000)


def _richer_at_a_neighbours_cost(proof: Document) -> None:
    """Keep the total right, by a neighbour with less: what a tree of plain totals would let pass."""
    _richer(proof)
    proof["balances"][0]["path"][0]["sums"][2] -= 100_000


def _richer_at_a_far_neighbours_cost(proof: Document) -> None:
    _richer(proof)
    proof["balances"][0]["path"][-1]["sums"][2] -= 100


def _beyond_all_bounds(proof: Document) -> None:
    proof["balances"][0]["path"][0]["sums"][2] = 1 << 63


def _of_another_wallet(proof: Document) -> None:
    one = proof["balances"][0]
    one["text"] = edited(one["text"], 4, flip)


def _of_another_seal(proof: Document) -> None:
    one = proof["balances"][0]
    one["text"] = edited(one["text"], 2, lambda number: number - 1)


def _with_another_salt(proof: Document) -> None:
    proof["balances"][0]["salt"] = flip(proof["balances"][0]["salt"])


def _at_another_place(proof: Document) -> None:
    proof["balances"][0]["place"] ^= 1


def _outside_the_tree(proof: Document) -> None:
    proof["balances"][0]["place"] = 99


def _with_a_short_path(proof: Document) -> None:
    proof["balances"][0]["path"].pop()


def _with_a_long_path(proof: Document) -> None:
    path = proof["balances"][0]["path"]
    path.append(copy.deepcopy(path[-1]))


def _with_less_owed(proof: Document) -> None:
    head = proof["head"]
    head["text"] = head["text"].replace('"bank":', '"bank":9')


def _with_less_owed_and_its_hash(proof: Document) -> None:
    _with_less_owed(proof)
    proof["head"] = with_hash(proof["head"])


def _with_less_owed_to_members(proof: Document) -> None:
    facts = json.loads(proof["head"]["text"])
    facts["owed"]["EUR"]["available"] -= 100
    proof["head"] = with_hash({"text": compact(facts)})


def _with_a_negative_debt(proof: Document) -> None:
    facts = json.loads(proof["head"]["text"])
    facts["owed"]["EUR"]["pending"] = -1
    proof["head"] = with_hash({"text": compact(facts)})


def _with_a_fraction(proof: Document) -> None:
    proof["balances"][0]["place"] = 1.0


def _with_a_truth_for_a_number(proof: Document) -> None:
    proof["balances"][0]["path"][0]["sums"][3] = False


def _with_more_parts(proof: Document) -> None:
    proof["balances"][0]["note"] = "trust me"


def _of_a_later_version(proof: Document) -> None:
    proof["format"] = "cagnotte-proof-2"


def _empty(proof: Document) -> None:
    proof["balances"] = []


BALANCE_FORGERIES: list[tuple[str, Callable[[Document], None], int, str]] = [
    ("richer", _richer, REFUTED, "is not in what the head says is owed"),
    ("negative-neighbour", _richer_at_a_neighbours_cost, REFUTED, "below zero, or too large"),
    ("poorer-neighbour", _richer_at_a_far_neighbours_cost, REFUTED, "is not in what the head"),
    ("overflow", _beyond_all_bounds, REFUTED, "below zero, or too large"),
    ("other-wallet", _of_another_wallet, REFUTED, "is not in what the head says is owed"),
    ("other-seal", _of_another_seal, REFUTED, "is not of the head"),
    ("other-salt", _with_another_salt, REFUTED, "is not in what the head says is owed"),
    ("other-place", _at_another_place, REFUTED, "is not in what the head says is owed"),
    ("outside", _outside_the_tree, REFUTED, "is at place 99 of a tree of"),
    ("short-path", _with_a_short_path, REFUTED, "is too short"),
    ("long-path", _with_a_long_path, REFUTED, "is too long"),
    ("more-at-the-bank", _with_less_owed, REFUTED, "The head does not have the hash"),
    ("more-at-the-bank-hashed", _with_less_owed_and_its_hash, REFUTED, "not the published"),
    ("less-owed-hashed", _with_less_owed_to_members, REFUTED, "not the published"),
    ("negative-debt-hashed", _with_a_negative_debt, REFUTED, "below zero, or too large"),
    ("fraction", _with_a_fraction, UNREADABLE, "is not a whole number"),
    ("truth", _with_a_truth_for_a_number, UNREADABLE, "is not a whole number"),
    ("more-parts", _with_more_parts, UNREADABLE, "does not have the parts it must have"),
    ("later-version", _of_a_later_version, UNREADABLE, "of a version this program does not know"),
    ("empty", _empty, REFUTED, "The proof is empty"),
]


# ---- Forgeries of a purchase's entries ----


def _leg(proof: Document) -> Document:
    found: Document = proof["transactions"][0]["legs"][0]
    return found


def _with_another_amount(proof: Document) -> None:
    _leg(proof)["text"] = edited(_leg(proof)["text"], 4, lambda amount: amount * 2)


def _with_another_leg_salt(proof: Document) -> None:
    _leg(proof)["salt"] = flip(_leg(proof)["salt"])


def _with_a_leg_twice(proof: Document) -> None:
    proof["transactions"][0]["legs"].append(copy.deepcopy(_leg(proof)))


def _of_another_owner(proof: Document) -> None:
    account = proof["accounts"][0]
    account["owner"] = flip(account["owner"])


def _without_its_account(proof: Document) -> None:
    proof["accounts"] = []


def _with_another_day(proof: Document) -> None:
    one = proof["transactions"][0]
    one["text"] = edited(one["text"], 9, lambda _: "2020-01-01")


def _in_another_batch(proof: Document) -> None:
    batch = proof["transactions"][0]["batch"]
    batch["text"] = edited(batch["text"], 1, flip)


def _in_a_larger_batch(proof: Document) -> None:
    batch = proof["transactions"][0]["batch"]
    batch["text"] = edited(batch["text"], 2, lambda size: size * 4)


def _in_an_unknown_seal(proof: Document) -> None:
    proof["transactions"][0]["seal"] = 77


def _in_the_head(proof: Document) -> None:
    proof["transactions"][0]["seal"] = json.loads(proof["head"]["text"])["number"]


def _of_a_rewritten_past(proof: Document) -> None:
    proof["seals"][0]["text"] = proof["seals"][0]["text"].replace('"mark":"', '"mark":"1')


ENTRY_FORGERIES: list[tuple[str, Callable[[Document], None], int, str]] = [
    ("amount", _with_another_amount, REFUTED, "is not the one that was sealed"),
    ("leg-salt", _with_another_leg_salt, REFUTED, "is not the one that was sealed"),
    ("leg-twice", _with_a_leg_twice, REFUTED, "is not one of transaction"),
    ("owner", _of_another_owner, REFUTED, "is not what the proof says it is"),
    ("no-account", _without_its_account, REFUTED, "is not explained"),
    ("day", _with_another_day, REFUTED, "is not in its batch"),
    ("batch", _in_another_batch, REFUTED, "is not in its batch"),
    ("batch-size", _in_a_larger_batch, REFUTED, "is too short"),
    ("unknown-seal", _in_an_unknown_seal, REFUTED, "is not in the proof"),
    ("wrong-seal", _in_the_head, REFUTED, "is not in seal 2"),
    ("rewritten-past", _of_a_rewritten_past, REFUTED, "does not continue seal"),
]

VALID = {
    "balance.json": ("Wallet", "is counted with: pending"),
    "entries.json": ("Transaction", "is in seal 1"),
    "entries-all-legs.json": ("Transaction", "funder.accrued"),
    "earlier-seal.json": ("Seal 1", "is continued by seal"),
}


def forgeries(valid: dict[str, str]) -> Iterator[tuple[Vector, str]]:
    """Yield each forgery of some valid proofs, by file name, with its text."""
    for source, table in (("balance", BALANCE_FORGERIES), ("entries", ENTRY_FORGERIES)):
        text = valid[f"{source}.json"]
        for name, change, exit_code, says in table:
            proof = json.loads(text)
            change(proof)
            file = f"forged-{source}-{name}.json"
            yield Vector(file, "head.json", exit_code, says), spacious(proof)
    balance = valid["balance.json"]
    written = "is not written in the one way that is allowed"
    for name, text in (
        ("spaces", balance.replace('"format": ', '"format":  ', 1)),
        ("twice", balance.replace("{\n", '{\n "accounts": [],\n', 1)),
        ("escaped", balance.replace("cagnotte-proof-1", "cagnotte\\u002dproof-1", 1)),
    ):
        file = f"forged-balance-{name}.json"
        yield Vector(file, "head.json", UNREADABLE, written), text
    yield Vector("forged-balance-cut.json", "head.json", UNREADABLE, "is not JSON"), balance[:-9]


def vectors(valid: dict[str, str]) -> Iterator[tuple[Vector, str]]:
    """Yield every vector with its text; valid holds the proofs, head.json and head-before.json."""
    for name, (_, says) in VALID.items():
        yield Vector(name, "head.json", HOLDS, says), valid[name]
    yield Vector("balance.json", "", HOLDS, "without it, nothing is proved"), valid["balance.json"]
    other = "for another seal than the published one"
    yield Vector("balance.json", "head-before.json", REFUTED, other), valid["balance.json"]
    yield from forgeries(valid)


def write(valid: dict[str, str]) -> None:
    """Write all vectors and their index."""
    for old in VECTORS.glob("*.json"):
        old.unlink()
    index = []
    for vector, text in vectors(valid):
        (VECTORS / vector.file).write_text(text, encoding="utf-8")
        index.append(vector._asdict())
    for name in ("head.json", "head-before.json"):
        (VECTORS / name).write_text(valid[name], encoding="utf-8")
    (VECTORS / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Make proofs from a ledger of its own and write the vectors."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django  # noqa: PLC0415 - needs the settings first

    django.setup()
    from cagnotte.platform import database  # noqa: PLC0415 - the same
    from tests.databases import running_server  # noqa: PLC0415
    from tests.verify.books import proofs  # noqa: PLC0415

    with running_server() as server:
        name = server.clone(server.template(), f"{os.getpid()}_vectors")
        database.use_database(server.url(name))
        try:
            with database.connect() as connection:
                write(proofs(connection))
        finally:
            database.use_database(None)
            server.drop(name)


if __name__ == "__main__":
    main()

"""The verifier proves and refutes, says why, and needs nothing but Python's standard library."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verify.forging import VECTORS, Vector, vectors
from verify import cagnotte_verify as verifier

PROGRAM = Path(verifier.__file__)
INDEX = [Vector(**one) for one in json.loads((VECTORS / "index.json").read_text("utf-8"))]
PROOFS = ["balance.json", "entries.json", "entries-all-legs.json", "earlier-seal.json"]


def read(name: str) -> str:
    return (VECTORS / name).read_text(encoding="utf-8")


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the program alone: no site packages, no environment, no folder of ours."""
    command = [sys.executable, "-I", "-S", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def answer(vector: Vector, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    against = ["--published", str(VECTORS / vector.published)] if vector.published else []
    with pytest.raises(SystemExit) as end:
        verifier.main([str(VECTORS / vector.file), *against])
    assert isinstance(end.value.code, int)
    return end.value.code, capsys.readouterr().out


@pytest.mark.parametrize(
    "vector", INDEX, ids=[f"{one.file}-{one.published or 'alone'}" for one in INDEX]
)
def test_every_vector_is_answered_as_it_says(
    vector: Vector, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = answer(vector, capsys)
    assert code == vector.exit_code, said
    assert vector.says in said
    word = said.split()[0]
    expected = {0: "HOLDS" if vector.published else "CONSISTENT", 1: "REFUTED", 2: "UNREADABLE"}
    assert word == expected[code]


def test_the_index_names_every_file() -> None:
    named = {one.file for one in INDEX} | {"index.json", "head.json", "head-before.json"}
    assert {path.name for path in VECTORS.iterdir()} == named


def test_the_forgeries_are_those_of_the_proofs_beside_them() -> None:
    valid = {path.name: path.read_text(encoding="utf-8") for path in VECTORS.iterdir()}
    made = {vector.file: text for vector, text in vectors(valid)}
    assert made == {name: valid[name] for name in made}


def test_the_program_runs_alone() -> None:
    done = run(VECTORS / "balance.json", "--published", VECTORS / "head.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "HOLDS\n" + "\n".join(verifier.check(read("balance.json"), head_hash())) + "\n"
    )


def head_hash() -> bytes:
    return bytes.fromhex(json.loads(read("head.json"))["seal"]["hash"])


def test_the_answer_is_sentences() -> None:
    said = verifier.check(read("balance.json"), head_hash())
    assert said[1] == (
        "Wallet 00000000-0000-7000-8000-00000000000a is counted with: pending 12.40 EUR, confirmed 0.00 EUR, "
        "available 3.00 EUR, held 2.00 EUR. Make sure that this wallet is yours."
    )
    assert said[2:] == [
        "All 7 wallets together: pending 12.73 EUR, confirmed 0.00 EUR, available 18.00 EUR, held 2.00 EUR.",
        "Payable at once: 20.00 EUR (available, held, and 0.00 EUR of other debts). At the bank: 900.00 EUR.",
    ]


def test_a_member_sees_the_own_legs_an_auditor_all() -> None:
    mine = "\n".join(verifier.check(read("entries.json"), head_hash()))
    assert "credit 12.40 EUR: member.pending of 00000000-0000-7000-8000-00000000000a" in mine
    assert "17.00" not in read("entries.json") + mine
    assert "1700" not in read("entries.json")
    assert "margin" not in read("entries.json")
    whole = "\n".join(verifier.check(read("entries-all-legs.json"), head_hash()))
    assert "debit 17.00 EUR: funder.accrued" in whole
    assert "credit 4.60 EUR: programme.margin_pending" in whole


def test_the_hash_can_be_given_by_hand() -> None:
    proof = VECTORS / "balance.json"
    assert run(proof, "--hash", head_hash().hex().upper()).returncode == 0
    assert run(proof, "--hash", "00" * 32).returncode == 1
    assert run(proof, "--hash", "no").returncode == 2
    assert run(VECTORS / "missing.json").returncode == 2
    assert run(proof, "--published", proof).returncode == 2
    assert run(VECTORS / "head.json").returncode == 2


def test_it_imports_the_standard_library_alone() -> None:
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {
        (name.name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= sys.stdlib_module_names | {"__future__"}
    assert "dependencies = []" in (PROGRAM.parent / "pyproject.toml").read_text(encoding="utf-8")


def is_refused(text: str, published: bytes | None) -> bool:
    try:
        verifier.check(text, published)
    except (verifier.Refuted, verifier.Unreadable):
        return True
    return False


@given(st.sampled_from(PROOFS), st.data())
def test_one_changed_byte_anywhere_is_refused_even_without_the_published_hash(
    name: str, data: st.DataObject
) -> None:
    raw = read(name).encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda each: each != raw[place]))
    changed = raw[:place] + bytes([byte]) + raw[place + 1 :]
    try:
        text = changed.decode()
    except UnicodeDecodeError:
        return
    assert is_refused(text, None)


@pytest.mark.parametrize("name", PROOFS)
def test_a_digit_changed_in_any_place_is_refused(name: str) -> None:
    text = read(name)
    for place, character in enumerate(text):
        if character.isdigit():
            other = "1" if character != "1" else "2"
            assert is_refused(text[:place] + other + text[place + 1 :], None), place


@given(st.sampled_from(PROOFS), st.data())
def test_a_part_removed_or_repeated_is_refused(name: str, data: st.DataObject) -> None:
    lines = read(name).splitlines(keepends=True)
    first = data.draw(st.integers(0, len(lines) - 1))
    count = data.draw(st.integers(1, len(lines) - first))
    part = lines[first : first + count]
    assert is_refused("".join(lines[:first] + lines[first + count :]), None)
    assert is_refused("".join(lines[:first] + part + part + lines[first + count :]), None)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=9))
def test_nonsense_is_unreadable_never_a_traceback(value: object) -> None:
    for text in (json.dumps(value), verifier.spacious(value)):
        with pytest.raises(verifier.Unreadable):
            verifier.check(text)


@given(st.sampled_from(PROOFS), st.data())
def test_a_part_of_another_shape_is_refused_never_a_traceback(
    name: str, data: st.DataObject
) -> None:
    proof = json.loads(read(name))
    key = data.draw(st.sampled_from(["accounts", "balances", "seals", "transactions", "head"]))
    shapes: st.SearchStrategy[object] = (
        st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.just({})
    )
    value = data.draw(shapes | st.lists(shapes, min_size=1))
    if value != proof[key]:
        assert is_refused(verifier.spacious({**proof, key: value}), None)

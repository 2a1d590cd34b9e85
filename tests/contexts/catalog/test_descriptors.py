"""What statements call a merchant: from the programme file, and from people."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cagnotte.catalog import descriptors
from cagnotte.catalog.descriptors import DescriptorBook
from cagnotte.catalog.models import MerchantAlias
from cagnotte.domain.descriptors import RULE_VERSION, Matched, Rule
from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.hooks.sources import Descriptor
from cagnotte.identity.models import Programme
from cagnotte.journeys import load_programme
from tests.contexts.catalog.files import errors, write

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILE = """
    programme: {slug: corner, name: Corner, currency: EUR}
    merchants:
      - ref: verte
        name: Maison Verte
        descriptors: {mids: ["1234567"], names: [Maison Verte, La Maison Verte SAS], mccs: ["5411", "5499"]}
      - {ref: coin, name: Café du Coin, descriptors: {mids: ["777"]}}
      - {ref: hidden, name: Librairie}
"""

pytestmark = pytest.mark.django_db


def load(folder: Path, text: str = FILE) -> Programme:
    return load_programme.run(write(folder, text), now=NOW).programme


def match(programme: Programme, text: str = "", mid: str = "", mcc: str = "") -> Matched:
    return DescriptorBook.open(programme.id).match(Descriptor(text, mid, mcc))


def test_merchants_are_found_as_the_programme_file_names_them(tmp_path: Path) -> None:
    programme = load(tmp_path)
    assert match(programme, mid="1234567") == Matched("verte", 100, Rule.MID, RULE_VERSION)
    assert match(programme, "CB MAISON VERTE NORD", mcc="5499").rule is Rule.NAME_AND_CATEGORY
    assert match(programme, "SUMUP *CAFE DU COIN").merchant_ref == "coin"
    # Without descriptors a merchant is found in no statement.
    assert match(programme, "LIBRAIRIE") == Matched(None, 0, Rule.NONE, RULE_VERSION)


def test_the_same_file_again_changes_nothing_and_another_one_replaces_it(tmp_path: Path) -> None:
    programme = load(tmp_path)
    before = list(MerchantAlias.objects.order_by("id").values())
    again = load_programme.run(write(tmp_path, FILE), now=NOW)
    assert again.changed_nothing
    assert list(MerchantAlias.objects.order_by("id").values()) == before
    changed = load_programme.run(write(tmp_path, FILE.replace('"777"', '"888"')), now=NOW)
    assert changed.descriptors == (1, 1)
    assert match(programme, mid="777").merchant_ref is None
    assert match(programme, mid="888").merchant_ref == "coin"


def test_what_a_person_says_counts_and_survives_the_next_load(tmp_path: Path) -> None:
    programme = load(tmp_path)
    assert match(programme, "CDC TRAITEUR").merchant_ref is None
    assert descriptors.remember(programme.id, "CB CDC TRAITEUR 20/11", "coin", by="Zoé", now=NOW)
    assert not descriptors.remember(programme.id, "CDC Traiteur", "coin", by="Ana", now=NOW)
    load(tmp_path)
    assert match(programme, "CDC TRAITEUR LYON") == Matched("coin", 90, Rule.ALIAS, RULE_VERSION)
    # The last word counts.
    descriptors.remember(programme.id, "CDC TRAITEUR", "verte", by="Zoé", now=NOW)
    assert match(programme, "CDC TRAITEUR").merchant_ref == "verte"
    assert MerchantAlias.objects.filter(kind="alias").count() == 1


def test_what_cannot_be_remembered_is_refused(tmp_path: Path) -> None:
    programme = load(tmp_path)
    before = list(MerchantAlias.objects.order_by("id").values())
    with pytest.raises(NotFound, match="There is no merchant “nobody”"):
        descriptors.remember(programme.id, "CDC", "nobody", by="Zoé", now=NOW)
    with pytest.raises(InvalidInput, match="holds no name"):
        descriptors.remember(programme.id, "***", "coin", by="Zoé", now=NOW)
    with pytest.raises(InvalidInput, match="Who says so"):
        descriptors.remember(programme.id, "CDC", "coin", by="", now=NOW)
    assert list(MerchantAlias.objects.order_by("id").values()) == before


def test_another_programme_knows_its_own_merchants(tmp_path: Path) -> None:
    load(tmp_path)
    other = load(
        tmp_path, "programme: {slug: b, name: B, currency: EUR}\nmerchants: [{ref: verte}]\n"
    )
    assert match(other, mid="1234567").merchant_ref is None


def test_a_category_code_has_four_digits(tmp_path: Path) -> None:
    (error,) = errors(tmp_path, FILE.replace('"5499"', '"549"'))
    assert "“549” is no merchant category code (MCC); write four digits such as 5411." in error

"""Accounts at sources: connected by the file, with sealed secrets and an address of their own."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings

from cagnotte.domain.errors import Conflict, InvalidInput, NotFound
from cagnotte.identity import services as identity
from cagnotte.identity.models import Programme
from cagnotte.inbox import accounts
from cagnotte.inbox.accounts import AccountFacts
from cagnotte.inbox.models import Account, Secret
from cagnotte.platform.kept_secrets import SecretTold
from cagnotte.platform.secrets_box import SecretUnreadable
from cagnotte.purchases import services as purchases

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
FACTS = AccountFacts(
    "partners", "postback", {"link": "l"}, {"1": "corner"}, "", "Europe/Rome", 7, 30, 48
)


@pytest.fixture
def programme() -> Programme:
    return identity.save_programme(
        slug="corner", name="Corner", currency="EUR", timezone="Europe/Paris", now=NOW
    )


@pytest.fixture
def account(programme: Programme) -> Account:
    assert accounts.connect(programme.id, purchases.source_id_of(programme.id, "partners"), FACTS)
    return accounts.account(programme.id, "partners")


def changed(**facts: object) -> AccountFacts:
    return AccountFacts(**{**{name: getattr(FACTS, name) for name in FACTS.__slots__}, **facts})


# ---- connecting ----


def test_what_the_file_says_is_what_the_account_has(account: Account, programme: Programme) -> None:
    assert (account.plugin, account.timezone, account.rank) == ("postback", "Europe/Rome", 7)
    assert (account.settings, account.merchants) == ({"link": "l"}, {"1": "corner"})
    assert (account.poll_every_minutes, account.silent_after_hours, account.active) == (
        30,
        48,
        True,
    )
    assert not accounts.connect(programme.id, account.id, FACTS)


def test_a_change_of_the_file_changes_the_account_and_keeps_how_it_has_been_doing(
    account: Account, programme: Programme
) -> None:
    Account.objects.update(cursor={"page": 7}, errors_in_a_row=2)
    assert accounts.connect(programme.id, account.id, changed(rank=9))
    account.refresh_from_db()
    assert (account.rank, account.cursor, account.errors_in_a_row) == (9, {"page": 7}, 2)


def test_a_name_stays_with_its_plugin(account: Account, programme: Programme) -> None:
    with pytest.raises(Conflict, match="has been connected through postback"):
        accounts.connect(programme.id, account.id, changed(plugin="awin", rank=9))
    account.refresh_from_db()
    assert (account.plugin, account.rank) == ("postback", 7)


def test_an_account_that_is_no_longer_named_rests_until_it_is_named_again(
    account: Account, programme: Programme
) -> None:
    assert accounts.disconnect_others(programme.id, ["partners"]) == 0
    assert accounts.disconnect_others(programme.id, ["others"]) == 1
    assert not accounts.account(programme.id, "partners").active
    assert accounts.disconnect_others(programme.id, []) == 0
    assert accounts.connect(programme.id, account.id, FACTS)
    assert accounts.account(programme.id, "partners").active


@pytest.mark.usefixtures("account")
def test_an_unknown_name_is_told_with_those_there_are(programme: Programme) -> None:
    with pytest.raises(NotFound, match=r"no connected source “partner”; did you mean “partners”\?"):
        accounts.account(programme.id, "partner")
    with pytest.raises(NotFound, match=r"“x”; there is partners\. Sources are connected by"):
        accounts.account(programme.id, "x")


# ---- secrets ----


def test_a_secret_is_sealed_handed_to_the_plugin_and_never_told(account: Account) -> None:
    told = accounts.set_secret(account, "secret", "correct horse\n", now=NOW)
    assert Secret.objects.get().sealed != "correct horse"
    assert "correct horse" not in str(Secret.objects.values_list())
    context = accounts.context_of(account, now=NOW)
    assert context.secrets == {"secret": ["correct horse"]}
    assert context.settings == {"link": "l"}
    assert context.zone.key == "Europe/Rome"
    # The last four digits of `printf 'correct horse' | sha256sum`.
    assert told == SecretTold("secret", NOW, "5631", None)
    assert accounts.told_secrets(account, now=NOW) == [told]


def test_a_replaced_secret_stays_valid_for_a_while(account: Account) -> None:
    accounts.set_secret(account, "secret", "first", now=NOW)
    accounts.set_secret(account, "secret", "second", now=NOW, keep_hours=24)
    until = NOW + timedelta(hours=24)
    assert accounts.told_secrets(account, now=NOW)[0].before_until == until
    for moment, valid in (
        (NOW, ["second", "first"]),
        (until - timedelta(seconds=1), ["second", "first"]),
        (until, ["second"]),
    ):
        assert accounts.context_of(account, now=moment).secret("secret") == "second"
        assert accounts.context_of(account, now=moment).secrets["secret"] == valid
    assert accounts.told_secrets(account, now=until)[0].before_until is None


def test_the_same_secret_again_changes_nothing(account: Account) -> None:
    accounts.set_secret(account, "secret", "first", now=NOW)
    accounts.set_secret(account, "secret", "second", now=NOW)
    later = NOW + timedelta(hours=1)
    assert accounts.set_secret(account, "secret", "second", now=later).since == NOW
    assert accounts.context_of(account, now=later).secrets["secret"] == ["second", "first"]


def test_a_leaked_secret_can_be_replaced_at_once(account: Account) -> None:
    accounts.set_secret(account, "secret", "leaked", now=NOW)
    accounts.set_secret(account, "secret", "fresh", now=NOW, keep_hours=0)
    assert accounts.context_of(account, now=NOW).secrets["secret"] == ["fresh"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("secrt", "x", "asks for no secret “secrt”; did you mean “secret”?"),
        ("link", "x", "asks for no secret “link”; there is secret."),
        ("address", "x", "asks for no secret “address”"),
        ("secret", "", "is empty; the one before stays"),
        ("secret", " \n", "is empty; the one before stays"),
        ("secret", "a\x00b", "holds a character that no secret can"),
    ],
)
def test_a_secret_that_nobody_asks_for_or_that_is_none_is_refused(
    account: Account, name: str, value: str, sentence: str
) -> None:
    accounts.set_secret(account, "secret", "stays", now=NOW)
    with pytest.raises(InvalidInput) as refused:
        accounts.set_secret(account, name, value, now=NOW)
    assert sentence in refused.value.sentence
    assert accounts.context_of(account, now=NOW).secrets == {"secret": ["stays"]}


def test_a_missing_secret_is_told_as_missing(account: Account) -> None:
    assert accounts.told_secrets(account, now=NOW) == [SecretTold("secret")]
    assert accounts.context_of(account, now=NOW).secrets == {}


def test_a_secret_sealed_with_another_key_is_told(account: Account) -> None:
    accounts.set_secret(account, "secret", "sealed", now=NOW)
    with override_settings(CAGNOTTE_FIELD_KEY="another"), pytest.raises(SecretUnreadable):
        accounts.context_of(account, now=NOW)


# ---- addresses ----


def token_of(path: str) -> str:
    assert path.startswith("/in/corner/partners/")
    return path.rpartition("/")[2]


def test_an_address_stays_until_a_new_one_is_asked_for(account: Account) -> None:
    path = accounts.address_path(account, now=NOW)
    assert accounts.address_path(account, now=NOW) == path
    assert len(token_of(path)) == 32
    account.refresh_from_db()
    assert token_of(path) not in account.receive_token_hash
    assert accounts.addressed("corner", "partners", token_of(path), now=NOW) == account
    # It is no secret of the plugin's.
    assert accounts.context_of(account, now=NOW).secrets == {}


def test_a_replaced_address_answers_for_a_while(account: Account) -> None:
    old = token_of(accounts.address_path(account, now=NOW))
    new = token_of(accounts.address_path(account, now=NOW, new=True, keep_hours=24))
    assert new != old
    account.refresh_from_db()
    for moment, token, found in (
        (NOW, new, account),
        (NOW, old, account),
        (NOW + timedelta(hours=25), new, account),
        (NOW + timedelta(hours=25), old, None),
    ):
        assert accounts.addressed("corner", "partners", token, now=moment) == found


def test_a_token_sealed_with_another_key_is_no_valid_one(account: Account) -> None:
    old = token_of(accounts.address_path(account, now=NOW))
    new = token_of(accounts.address_path(account, now=NOW, new=True))
    with override_settings(CAGNOTTE_FIELD_KEY="another"):
        assert accounts.addressed("corner", "partners", new, now=NOW) == account
        assert accounts.addressed("corner", "partners", old, now=NOW) is None


def test_every_wrong_address_is_nobodys(account: Account, programme: Programme) -> None:
    token = token_of(accounts.address_path(account, now=NOW))
    for address in (
        ("corner", "partners", ""),
        ("corner", "partners", token[:-1]),
        ("corner", "partners", token + "é"),
        ("corner", "partners", account.receive_token_hash),
        ("corner", "others", token),
        ("other", "partners", token),
    ):
        assert accounts.addressed(*address, now=NOW) is None
    accounts.disconnect_others(programme.id, [])
    assert accounts.addressed("corner", "partners", token, now=NOW) is None


def test_a_source_without_an_address_answers_to_no_token(account: Account) -> None:
    assert account.receive_token_hash == ""
    assert accounts.addressed("corner", "partners", "", now=NOW) is None

"""Accounts at sources: how they are connected, their secrets and addresses, and how they have been doing.

An account comes from the programme file; its secrets never do. What a plugin is handed is put together here, in one
place, so that nothing else ever unseals a secret.
"""

import hashlib
import hmac
import secrets as random_secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F

from cagnotte.catalog.programme_file.problems import choices, meant
from cagnotte.domain.errors import Conflict, InvalidInput, NotFound
from cagnotte.hooks import manager
from cagnotte.hooks.sources import HttpClient, SourceContext, SourcePlugin
from cagnotte.inbox.models import Account, Secret
from cagnotte.platform import kept_secrets
from cagnotte.platform.kept_secrets import KEEP_HOURS, SecretTold
from cagnotte.platform.secrets_box import SecretUnreadable, unseal

TOKEN_BYTES = 24
"""Of the secret part of an address: nobody guesses 192 bits."""

ADDRESS_TOKEN = "address"  # noqa: S105 - the name, not the value
"""The name under which that part is kept among an account's secrets."""

NOBODY = UUID(int=0)

ERROR_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """How a programme file connects a source. Units as in `models.Account`."""

    ref: str
    plugin: str
    settings: Mapping[str, str]
    merchants: Mapping[str, str]
    merchant: str
    timezone: str
    rank: int
    poll_every_minutes: int
    silent_after_hours: int | None


# ---- connecting ----


def connect(programme_id: UUID, account_id: UUID, facts: AccountFacts) -> bool:
    """Write an account as the file says; return whether anything changed.

    Raises Conflict when the name belongs to an account with another plugin, whose messages this one cannot read.
    """
    wanted = {
        "plugin": facts.plugin,
        "settings": dict(facts.settings),
        "merchants": dict(facts.merchants),
        "merchant": facts.merchant,
        "timezone": facts.timezone,
        "rank": facts.rank,
        "poll_every_minutes": facts.poll_every_minutes,
        "silent_after_hours": facts.silent_after_hours,
        "active": True,
    }
    standing = Account.objects.filter(id=account_id).values(*wanted).first()
    if standing == wanted:
        return False
    if standing is not None and standing["plugin"] != facts.plugin:
        raise Conflict(
            f"“{facts.ref}” has been connected through {standing['plugin']}, and keeps its messages; give the "
            f"source through {facts.plugin} another name.",
            ref=facts.ref,
        )
    Account.objects.update_or_create(
        id=account_id,
        defaults=wanted,
        create_defaults={**wanted, "programme_id": programme_id, "ref": facts.ref},
    )
    return True


def open_at_rest(
    programme_id: UUID, account_id: UUID, *, ref: str, plugin: str, timezone: str
) -> Account:
    """Return an account that no file names and nobody asks, made if it is not there yet."""
    facts = {"programme_id": programme_id, "ref": ref, "plugin": plugin, "timezone": timezone}
    found, _ = Account.objects.get_or_create(id=account_id, defaults={**facts, "active": False})
    return found


def disconnect_others(programme_id: UUID, refs: Iterable[str]) -> int:
    """Put accounts to rest that the file no longer names; what they told stays. Return how many."""
    others = Account.objects.filter(programme_id=programme_id, active=True).exclude(ref__in=refs)
    return others.update(active=False)


def account(programme_id: UUID, ref: str) -> Account:
    """Return a programme's account by its name, also one at rest. Raises NotFound, with the names there are."""
    found = Account.objects.filter(programme_id=programme_id, ref=ref).first()
    if found is None:
        known = sorted(
            Account.objects.filter(programme_id=programme_id).values_list("ref", flat=True)
        )
        raise NotFound(
            f"There is no connected source “{ref}”{_meant(ref, known)} Sources are connected by the "
            "programme file.",
            ref=ref,
        )
    return found


def accounts(programme_id: UUID | None = None) -> list[Account]:
    """Return the accounts of one programme or of all, by name, those at rest last."""
    found = Account.objects.select_related("programme")
    if programme_id is not None:
        found = found.filter(programme_id=programme_id)
    return list(found.order_by("-active", "programme__slug", "ref"))


def plugin_of(account: Account) -> SourcePlugin:
    """Return the plugin that speaks with an account. Raises NotFound when it is no longer installed."""
    return manager.source_plugin(account.plugin)


def polls(account: Account) -> bool:
    """Tell whether an account can be asked what is new; one whose plugin is no longer installed cannot."""
    plugin = manager.source_plugins().get(account.plugin)
    return plugin is not None and plugin.polls


def context_of(account: Account, *, now: datetime, http: HttpClient | None = None) -> SourceContext:
    """Return what the account's plugin is handed: settings with defaults, secrets valid now, zone and clock.

    Raises SecretUnreadable when the secrets were sealed with another key.
    """
    defaults = {
        setting.name: setting.default
        for setting in plugin_of(account).settings
        if not setting.secret and setting.default is not None
    }
    return SourceContext(
        settings={**defaults, **account.settings},
        secrets=_valid_secrets(account, now),
        zone=ZoneInfo(account.timezone),
        now=now,
        http=http,
    )


# ---- secrets ----


def set_secret(
    account: Account, name: str, value: str, *, now: datetime, keep_hours: int = KEEP_HOURS
) -> SecretTold:
    """Seal a secret of an account; the one before stays valid for so many hours.

    Line ends around the value are not part of it. Raises InvalidInput for a name that the plugin does not ask for,
    and for an empty value.
    """
    known = [setting.name for setting in plugin_of(account).settings if setting.secret]
    if name not in known:
        raise InvalidInput(
            f"{plugin_of(account).title} asks for no secret “{name}”{_meant(name, known)}",
            name=name,
        )
    return _replace(
        account, name, kept_secrets.cleaned(name, value), now=now, keep_hours=keep_hours
    )


@transaction.atomic
def _replace(
    account: Account, name: str, value: str, *, now: datetime, keep_hours: int
) -> SecretTold:
    # The account's row stands for all its secrets: two people who replace one do so in turn.
    Account.objects.select_for_update().get(id=account.id)
    kept = Secret.objects.filter(account_id=account.id, name=name).first()
    row = kept or Secret(account_id=account.id, name=name)
    kept_secrets.fill(row, value, now=now, keep_hours=keep_hours)
    return kept_secrets.told(row, now=now)


def told_secrets(account: Account, *, now: datetime) -> list[SecretTold]:
    """Return what may be shown of the secrets that the plugin asks for, in its order."""
    asked = {
        setting.name: setting.default is None
        for setting in plugin_of(account).settings
        if setting.secret
    }
    rows = Secret.objects.filter(account_id=account.id)
    return kept_secrets.told_of(asked, rows, now=now)


def _valid_secrets(account: Account, now: datetime) -> dict[str, Sequence[str]]:
    return {
        row.name: kept_secrets.values(row, now)
        for row in Secret.objects.filter(account_id=account.id).exclude(name=ADDRESS_TOKEN)
    }


# ---- the address where a source sends to ----


def address_path(
    account: Account, *, now: datetime, new: bool = False, keep_hours: int = KEEP_HOURS
) -> str:
    """Return the path where the source sends to, which holds a secret token; made when there is none yet.

    new: draw another token; the one before stays valid for so many hours. Raises InvalidInput when the source
    sends nothing.
    """
    plugin = plugin_of(account)
    if not plugin.receives:
        raise InvalidInput(f"{plugin.title} sends nothing; it is asked.")
    row = Secret.objects.filter(account_id=account.id, name=ADDRESS_TOKEN).first()
    if row is None or new:
        token = random_secrets.token_urlsafe(TOKEN_BYTES)
        _replace(account, ADDRESS_TOKEN, token, now=now, keep_hours=keep_hours)
        Account.objects.filter(id=account.id).update(receive_token_hash=_hashed(token))
    else:
        token = unseal(row.sealed)
    return f"/in/{account.programme.slug}/{account.ref}/{token}"


def addressed(programme: str, ref: str, token: str, *, now: datetime) -> Account | None:
    """Return the account that an address belongs to; None for every kind of wrong address alike."""
    found = (
        Account.objects.select_related("programme")
        .filter(programme__slug=programme, ref=ref, active=True)
        .first()
    )
    valid = _token_hashes(found, now)
    # Also where nothing was found: a comparison takes as long as any other.
    right = False
    for one in (*valid, _hashed(random_secrets.token_urlsafe(TOKEN_BYTES))):
        right |= hmac.compare_digest(one, _hashed(token))
    return found if right and found is not None and _receives(found) else None


def _token_hashes(account: Account | None, now: datetime) -> list[str]:
    """The hashes of an account's valid tokens. Without an account the same is asked of the database, for nothing."""
    account_id = account.id if account else NOBODY
    row = Secret.objects.filter(account_id=account_id, name=ADDRESS_TOKEN).first()
    if account is None or not account.receive_token_hash:
        return []
    before: list[str] = []
    if row is not None and kept_secrets.has_before(row, now):
        # A token that cannot be unsealed any more is no valid one.
        with suppress(SecretUnreadable):
            before.append(_hashed(unseal(row.sealed_before)))
    return [account.receive_token_hash, *before]


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _receives(account: Account) -> bool:
    plugin = manager.source_plugins().get(account.plugin)
    return plugin is not None and plugin.receives


# ---- how it has been doing ----


def note_refusal(account: Account, *, now: datetime) -> None:
    """Count a request whose signature did not fit."""
    _update(account, refused=F("refused") + 1, last_refused_at=now)


def note_misread_request(account: Account, sentence: str, *, now: datetime) -> None:
    """Note a request that the plugin did not take; polls are not put off by it."""
    _update(account, last_error=sentence[:ERROR_LENGTH_MAX], last_error_at=now)


def note_polled(account: Account, *, now: datetime, next_at: datetime) -> None:
    """Note a poll that ended well."""
    _update(account, last_polled_at=now, next_poll_at=next_at, errors_in_a_row=0)


def note_put_off(account: Account, *, next_at: datetime) -> None:
    """Note that the source asks to be called again later, which is no error."""
    _update(account, next_poll_at=next_at)


def note_failed(account: Account, sentence: str, *, now: datetime, next_at: datetime) -> None:
    """Note a poll that failed, and when to try again."""
    _update(
        account,
        last_error=sentence[:ERROR_LENGTH_MAX],
        last_error_at=now,
        errors_in_a_row=F("errors_in_a_row") + 1,
        next_poll_at=next_at,
    )


def _update(account: Account, **changes: Any) -> None:
    Account.objects.filter(id=account.id).update(**changes)


def _meant(word: str, known: Sequence[str]) -> str:
    return meant(word, known) or (f"; there is {choices(known)}." if known else "; there is none.")

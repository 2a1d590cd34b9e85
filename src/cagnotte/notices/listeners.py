"""Connected listeners: which services hear of a programme's events, with which settings and secrets.

What a plugin is handed is put together here, so that nothing else ever unseals its secrets.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from cagnotte.catalog.programme_file.problems import choices, meant
from cagnotte.domain.errors import Conflict, InvalidInput, NotFound
from cagnotte.hooks import manager
from cagnotte.hooks.listeners import Listener, ListenerCalls, ListenerContext
from cagnotte.notices.models import ConnectedListener, ListenerSecret
from cagnotte.platform import kept_secrets
from cagnotte.platform.kept_secrets import KEEP_HOURS, SecretTold

SETTING_LENGTH_MAX = 500


# ---- connecting ----


@transaction.atomic
def connect(
    *, programme_id: UUID, ref: str, plugin: str, settings: Mapping[str, str], now: datetime
) -> ConnectedListener:
    """Connect a listener under a name, or change the settings of the one that bears it; it hears from now on.

    Raises NotFound for a plugin that is not installed; InvalidInput for settings that it does not know or lacks, and
    for a name that is none; Conflict when the name belongs to another plugin's.
    """
    found = manager.listener(plugin)
    if not ref.strip() or len(ref) > 100 or "\x00" in ref:  # noqa: PLR2004 - the column's length
        raise InvalidInput("The name of a listener has 1 to 100 characters.", ref=ref)
    checked = _checked(found, settings)
    rows = ConnectedListener.objects.select_for_update()
    row = rows.filter(programme_id=programme_id, ref=ref).first()
    if row is None:
        return _created(programme_id, ref, plugin, checked, now)
    if row.plugin != plugin:
        raise Conflict(
            f"“{ref}” has been connected through {row.plugin}; give the listener through {plugin} another name.",
            ref=ref,
        )
    row.settings, row.disabled_at = checked, None
    row.save(update_fields=["settings", "disabled_at"])
    return row


def _created(
    programme_id: UUID, ref: str, plugin: str, settings: Mapping[str, str], now: datetime
) -> ConnectedListener:
    try:
        with transaction.atomic():
            return ConnectedListener.objects.create(
                id=uuid.uuid4(),
                programme_id=programme_id,
                ref=ref,
                plugin=plugin,
                settings=dict(settings),
                created_at=now,
            )
    except IntegrityError:
        raise Conflict(f"Somebody connects “{ref}” at this moment; look again.", ref=ref) from None


def _checked(plugin: Listener, settings: Mapping[str, str]) -> dict[str, str]:
    """Return the settings to keep: those the plugin knows, none of them a secret. Raises InvalidInput."""
    known = {setting.name: setting for setting in plugin.settings}
    for name, value in settings.items():
        if name not in known:
            raise InvalidInput(
                f"{plugin.title} has no setting “{name}”{_meant(name, list(known))}", name=name
            )
        if known[name].secret:
            raise InvalidInput(
                f"“{name}” is a secret; it is filled in with `cagnotte listeners secret`.",
                name=name,
            )
        if len(value) > SETTING_LENGTH_MAX or "\x00" in value:
            raise InvalidInput(f"“{name}” has at most {SETTING_LENGTH_MAX} characters.", name=name)
    missing = [
        name
        for name, setting in known.items()
        if not setting.secret and setting.default is None and not settings.get(name, "").strip()
    ]
    if missing:
        raise InvalidInput(
            f"{plugin.title} cannot do without {', '.join(f'“{name}”' for name in missing)}.",
            names=missing,
        )
    return dict(settings)


def disconnect(row: ConnectedListener, *, now: datetime) -> bool:
    """Let a listener hear no more; what it heard is remembered. Return False when it rests already."""
    rests = ConnectedListener.objects.filter(id=row.id, disabled_at__isnull=True)
    return bool(rests.update(disabled_at=now))


def listener(programme_id: UUID, ref: str) -> ConnectedListener:
    """Return a programme's listener by its name, also one at rest. Raises NotFound, with the names there are."""
    rows = ConnectedListener.objects.select_related("programme").filter(programme_id=programme_id)
    found = rows.filter(ref=ref).first()
    if found is None:
        known = sorted(rows.values_list("ref", flat=True))
        raise NotFound(f"There is no listener “{ref}”{_meant(ref, known)}", ref=ref)
    return found


def listeners(programme_id: UUID | None = None) -> list[ConnectedListener]:
    """Return the listeners of one programme or of all, by name, those at rest last."""
    rows = ConnectedListener.objects.select_related("programme")
    if programme_id is not None:
        rows = rows.filter(programme_id=programme_id)
    return sorted(rows, key=lambda row: (bool(row.disabled_at), row.programme.slug, row.ref))


def enabled(programme_id: UUID | None = None) -> list[ConnectedListener]:
    """Return the listeners that are to hear of events: not at rest, and with a plugin that is installed."""
    installed = manager.listeners()
    return [
        row
        for row in listeners(programme_id)
        if row.disabled_at is None and row.plugin in installed
    ]


def plugin_of(row: ConnectedListener) -> Listener:
    """Return the plugin of a listener. Raises NotFound when it is no longer installed."""
    return manager.listener(row.plugin)


def wants(row: ConnectedListener, event_type: str) -> bool:
    """Tell whether a listener has a word for events of a type."""
    plugin = manager.listeners().get(row.plugin)
    return plugin is not None and plugin.wants(event_type)


# ---- what its plugin is handed ----


def settings_of(row: ConnectedListener) -> dict[str, str]:
    """Return the settings of a listener, with what was left out."""
    defaults = {
        setting.name: setting.default
        for setting in plugin_of(row).settings
        if not setting.secret and setting.default is not None
    }
    return {**defaults, **row.settings}


def context_of(row: ConnectedListener, *, now: datetime, http: ListenerCalls) -> ListenerContext:
    """Return what the listener's plugin is handed. Raises SecretUnreadable, NotFound."""
    secrets: dict[str, Sequence[str]] = {
        secret.name: kept_secrets.values(secret, now)
        for secret in ListenerSecret.objects.filter(listener_id=row.id)
    }
    return ListenerContext(settings=settings_of(row), secrets=secrets, now=now, http=http)


# ---- secrets ----


@transaction.atomic
def set_secret(
    row: ConnectedListener, name: str, value: str, *, now: datetime, keep_hours: int = KEEP_HOURS
) -> SecretTold:
    """Seal a secret of a listener; the one before stays valid for so many hours.

    Raises InvalidInput for a name that the plugin does not ask for, and for an empty value.
    """
    asked = _secrets_asked(row)
    if name not in asked:
        raise InvalidInput(
            f"{plugin_of(row).title} asks for no secret “{name}”{_meant(name, list(asked))}",
            name=name,
        )
    value = kept_secrets.cleaned(name, value)
    # The listener's row stands for all its secrets: two people who replace one do so in turn.
    ConnectedListener.objects.select_for_update().get(id=row.id)
    kept = ListenerSecret.objects.filter(listener_id=row.id, name=name).first()
    secret = kept or ListenerSecret(listener_id=row.id, name=name)
    kept_secrets.fill(secret, value, now=now, keep_hours=keep_hours)
    return kept_secrets.told(secret, now=now, needed=asked[name])


def told_secrets(row: ConnectedListener, *, now: datetime) -> list[SecretTold]:
    """Return what may be shown of the secrets that the plugin asks for, in its order."""
    rows = ListenerSecret.objects.filter(listener_id=row.id)
    return kept_secrets.told_of(_secrets_asked(row), rows, now=now)


def _secrets_asked(row: ConnectedListener) -> dict[str, bool]:
    """The secrets that the plugin asks for, and whether it needs each."""
    return {
        setting.name: setting.default is None
        for setting in plugin_of(row).settings
        if setting.secret
    }


def _meant(word: str, known: Sequence[str]) -> str:
    return meant(word, known) or (f"; there is {choices(known)}." if known else "; there is none.")

"""Sources that Cagnotte asks by itself or that send by themselves, each through a plugin.

What they need is said by their plugin (`hooks.sources.Setting`). Secrets never stand in the file.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from cagnotte.catalog.programme_file.problems import choices, meant
from cagnotte.catalog.programme_file.scalars import Ref, Slug, Timezone
from cagnotte.catalog.source_fields import CONNECTED
from cagnotte.hooks import manager
from cagnotte.hooks.sources import SourceKind, SourcePlugin

MINUTES = {"minute": 1, "hour": 60, "day": 24 * 60}
MINUTES_MAX = 366 * 24 * 60

POLL_EVERY_MINUTES = 60
RANK = 100

_SPAN = re.compile(r"(\d{1,6})\s+(minute|hour|day)s?", re.ASCII)


def span_to_minutes(value: object) -> int:
    """Read “15 minutes”, “6 hours” or “2 days” as minutes. Raises ValueError with a sentence."""
    found = _SPAN.fullmatch(str(value).strip().lower())
    minutes = int(found[1]) * MINUTES[found[2]] if found else 0
    if not 0 < minutes <= MINUTES_MAX:
        raise ValueError(
            f"“{value}” is not a span of time; write it as 15 minutes, 6 hours or 2 days."
        )
    return minutes


Span = Annotated[
    int,
    BeforeValidator(span_to_minutes),
    WithJsonSchema(
        {"type": "string", "description": "Such as 15 minutes, 6 hours or 2 days."},
        mode="validation",
    ),
]


class ConnectedSection(BaseModel):
    """A source that is asked by Cagnotte, or that sends to it, through a plugin.

    `cagnotte sources list` names the plugins, `cagnotte sources secret` takes their secrets, and `cagnotte sources
    address` tells the address to be filled in on the other side.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: Slug = Field(description="Its name in commands and in its address.")
    plugin: str = Field(description="Which plugin speaks with it, such as awin.")
    settings: dict[str, str] = Field(
        default={}, description="What the plugin asks for, secrets excepted."
    )
    merchant: Ref | None = Field(
        default=None, description="The shop, where it speaks for one alone."
    )
    merchants: dict[str, Ref] = Field(
        default={}, description="Their word for a shop, such as an advertiser's number: ours."
    )
    timezone: Timezone | None = Field(
        default=None, description="Of times written without one; default: the programme's."
    )
    rank: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=RANK, description="Whose word counts when several tell of one order; lower first."
    )
    poll_every: Span | None = Field(
        default=None, description="How often it is asked; default: 1 hour."
    )
    silent_after: Span | None = Field(
        default=None, description="Silent for longer, it raises an alarm; default: never."
    )

    @model_validator(mode="after")
    def _fits_its_plugin(self) -> "ConnectedSection":
        plugins = manager.source_plugins()
        plugin = plugins.get(self.plugin)
        if plugin is None:
            close = meant(self.plugin, plugins) or f". Write {choices(plugins)}."
            raise ValueError(f"plugin: there is no plugin “{self.plugin}”{close}")
        wrong = [*self._settings_problems(plugin), *self._other_problems(plugin)]
        if wrong:
            raise ValueError(" ".join(wrong))
        return self

    def _settings_problems(self, plugin: SourcePlugin) -> Iterator[str]:
        secret = {setting.name for setting in plugin.settings if setting.secret}
        plain = {setting.name for setting in plugin.settings if not setting.secret}
        for name in self.settings:
            if name in secret:
                yield (
                    f"settings: “{name}” is a secret and does not belong in a file; set it with "
                    f"`cagnotte sources secret {self.ref} {name}`."
                )
            elif name not in plain:
                yield f"settings: “{name}” is not asked for by {plugin.title}{_known(name, plain)}"
        needed = [s for s in plugin.settings if not s.secret and s.default is None]
        for setting in needed:
            if not self.settings.get(setting.name, "").strip():
                yield f"settings: “{setting.name}” is missing. {setting.help}"

    def _other_problems(self, plugin: SourcePlugin) -> Iterator[str]:
        if plugin.kind is SourceKind.SHOP and self.merchant is None and not self.merchants:
            yield "merchant is missing; it says which shop this is."
        if self.poll_every is not None and not plugin.polls:
            yield f"poll_every: {plugin.title} is never asked, it sends by itself; leave it out."

    @property
    def kind(self) -> str:
        """What kind of source it is, beside the kinds of files."""
        return CONNECTED

    def mapping(self, *, timezone: str) -> dict[str, str]:
        """Return what is kept with the source among those of files; `timezone` is the programme's."""
        return {"plugin": self.plugin, "timezone": self.timezone or timezone}

    @property
    def poll_every_minutes(self) -> int:
        """How often it is asked."""
        return self.poll_every or POLL_EVERY_MINUTES

    @property
    def silent_after_hours(self) -> int | None:
        """After how long a silence is an alarm, in begun hours; None = never."""
        return None if self.silent_after is None else -(-self.silent_after // 60)

    def all_settings(self) -> dict[str, str]:
        """Return what was filled in; what was left out takes its default when it is used."""
        return {name: text.strip() for name, text in self.settings.items()}


def _known(name: str, known: Iterable[str]) -> str:
    words = sorted(known)
    return meant(name, words) or (f"; it asks for {choices(words)}." if words else ", nor is any.")


def kind_of(entry: Any) -> str:
    """Tell which of the two shapes an entry of `sources` has: one with a plugin is connected."""
    if isinstance(entry, ConnectedSection) or (isinstance(entry, dict) and "plugin" in entry):
        return CONNECTED
    return "file"

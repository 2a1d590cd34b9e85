"""`/developers/events/`: every type of event, when it is told, and an example."""

import json
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cagnotte.notices.catalogue import TYPES, EventType


class Shown(NamedTuple):
    """A type on the page; example: of its data, as JSON."""

    type: EventType
    example: str


class Group(NamedTuple):
    """Types about one thing; name: what they begin with."""

    name: str
    types: list[Shown]


@require_safe
def events(request: HttpRequest) -> HttpResponse:
    """Show the catalogue."""
    return render(request, "desk/events.html", {"groups": groups()})


def groups() -> list[Group]:
    """Return the types by what they are about, in the order of the catalogue."""
    found: dict[str, list[Shown]] = {}
    for one in TYPES.values():
        example = json.dumps(one.example.plain(), indent=2, ensure_ascii=False)
        found.setdefault(one.name.partition(".")[0], []).append(Shown(one, example))
    return [Group(name, types) for name, types in found.items()]

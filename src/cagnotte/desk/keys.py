"""Keys to the REST interface: made, shown once, rotated, revoked. Live and test keys stand in one list."""

from datetime import timedelta
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.desk.access import Visit, staff_page
from cagnotte.domain import ids
from cagnotte.domain.errors import InvalidInput, Refused
from cagnotte.identity import api_keys
from cagnotte.identity.api_keys import MadeKey
from cagnotte.identity.models import ApiKey
from cagnotte.identity.staff import Ability
from cagnotte.journeys import sandbox

DAYS_MAX = 3650
"""The longest that a key with an end is made for: ten years."""

OVERLAPS = (0, 1, 24, 24 * 7)
"""Hours that a rotated key may stay valid, as they are offered."""


class Shown(NamedTuple):
    """A key on a page. state, icon, word: as `<c-chip>` has them. may: its scopes; empty = all of its kind."""

    id: str
    row: ApiKey
    may: list[str]
    state: str
    icon: str
    word: str
    can_rotate: bool
    can_revoke: bool


class KeyForm(forms.Form):
    """What a key is to be."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("Who uses it. You will recognise it by this in the log."),
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("For"),
        choices=[
            ("test", gettext_lazy("The sandbox: nothing in it is real")),
            ("live", gettext_lazy("The programme: real members, real money")),
        ],
        widget=forms.RadioSelect,
        initial="test",
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Held by"),
        choices=[
            ("secret", gettext_lazy("Your server (a secret key)")),
            ("publishable", gettext_lazy("Browsers (a publishable key): offers and quotes alone")),
        ],
        widget=forms.RadioSelect,
        initial="secret",
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=[(scope, scope) for scope in api_keys.SCOPES],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=gettext_lazy("None chosen: everything that such a key may do."),
    )
    origins = forms.CharField(
        label=gettext_lazy("Pages that may use it"),
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://shop.example"}),
        required=False,
        help_text=gettext_lazy("For a publishable key: one origin per line."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"),
        min_value=1,
        max_value=DAYS_MAX,
        required=False,
        help_text=gettext_lazy("Empty: it never does."),
    )


@require_safe
@staff_page(Ability.MAKE_KEYS, "desk_keys")
def keys(visit: Visit) -> HttpResponse:
    """List the keys of a programme and of its sandbox."""
    found = [_shown(row, visit) for row in api_keys.keys_of(visit.programme.id)]
    return visit.show(
        "desk/keys.html",
        valid=[one for one in found if one.can_revoke],
        ended=[one for one in found if not one.can_revoke],
    )


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Ability.MAKE_KEYS, "desk_keys")
def new_key(visit: Visit) -> HttpResponse:
    """Make a key and show it, this once."""
    form = KeyForm(visit.request.POST or None)
    if form.is_valid():
        try:
            return _told(visit, _made(visit, form.cleaned_data))
        except (InvalidInput, Refused) as error:
            field = error.facts.get("field")
            form.add_error(field if field in form.fields else None, error.sentence)
    return visit.show("desk/new_key.html", form=form, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Ability.MAKE_KEYS, "desk_keys")
def rotate_key(visit: Visit, key: str) -> HttpResponse:
    """Make a key that may do the same, and let the one before end after a while."""
    row = api_keys.key(visit.programme.id, key)
    if visit.request.method == "POST":
        hours = visit.request.POST.get("hours", "")
        if hours in map(str, OVERLAPS):
            try:
                made = api_keys.rotate(row.id, now=visit.now, overlap_hours=int(hours), by=visit.by)
            except Refused as error:
                messages.error(visit.request, error.sentence)
                return _back(visit)
            return _told(visit, made, before=row, hours=int(hours))
    return visit.show(
        "desk/rotate_key.html", key=_shown(row, visit), overlaps=OVERLAPS,
        usual=api_keys.OVERLAP_HOURS,
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page(Ability.MAKE_KEYS, "desk_keys")
def revoke_key(visit: Visit, key: str) -> HttpResponse:
    """Let a key open nothing any more, once that is confirmed."""
    row = api_keys.key(visit.programme.id, key)
    if visit.request.method == "POST":
        api_keys.revoke(row.id, now=visit.now)
        messages.success(
            visit.request,
            _("{name} opens nothing any more.").format(name=f"{row.name} ({row.shown})"),
        )
        return _back(visit)
    return visit.show("desk/revoke_key.html", key=_shown(row, visit))


def _made(visit: Visit, asked: dict[str, Any]) -> MadeKey:
    owner = visit.programme
    if asked["mode"] == "test":
        owner = sandbox.sandbox_of(owner.id) or sandbox.make(owner, now=visit.now)
    days = asked["days"]
    return api_keys.make(
        owner,
        name=asked["name"],
        now=visit.now,
        kind=asked["kind"],
        scopes=asked["scopes"] or None,
        origins=asked["origins"].split(),
        expires_at=visit.now + timedelta(days=days) if days else None,
        created_by=visit.by,
    )


def _told(
    visit: Visit, made: MadeKey, *, before: ApiKey | None = None, hours: int = 0
) -> HttpResponse:
    """Show a new key. It is part of this one answer and stands nowhere else."""
    return visit.show(
        "desk/made_key.html", key=_shown(made.row, visit), secret=made.secret, before=before,
        hours=hours, base=visit.request.build_absolute_uri("/").rstrip("/"),
    )  # fmt: skip


def _back(visit: Visit) -> HttpResponse:
    return HttpResponseRedirect(reverse("desk_keys", args=(visit.programme.slug,)))


def _shown(row: ApiKey, visit: Visit) -> Shown:
    all_scopes = (
        api_keys.PUBLISHABLE_SCOPES if row.kind == ApiKey.Kind.PUBLISHABLE else api_keys.SCOPES
    )
    ended = bool(row.expires_at and row.expires_at <= visit.now)
    state, icon, word = "good", "circle-check", _("valid")
    if row.revoked_at:
        state, icon, word = "bad", "circle-x", _("revoked")
    elif ended:
        state, icon, word = "calm", "hourglass", _("expired")
    elif row.replaced_by:
        state, icon, word = "wait", "hourglass", _("rotated")
    valid = not row.revoked_at and not ended
    return Shown(
        ids.public_id("key", row.id),
        row,
        [] if len(row.scopes) == len(all_scopes) else list(row.scopes),
        state,
        icon,
        word,
        can_rotate=valid and not row.replaced_by,
        can_revoke=valid,
    )

"""What a member tells of themselves: name, language and country, and what nothing needs: a birthday."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from cagnotte.domain import ids
from cagnotte.domain.errors import InvalidInput
from cagnotte.identity.models import Member, Profile
from cagnotte.identity.services import MemberFacts, save_members
from cagnotte.platform.shared_connection import shared_connection

YOUNGEST_YEARS = 16
"""Members are at least as old: younger ones need their parents for consents in France and most of the Union."""

OLDEST_YEARS = 120


class Said(NamedTuple):
    """What a member says of themselves; empty for what they leave out. country: two capitals."""

    name: str
    locale: str
    country: str
    birthday: date | None


def birthday_of(wallet_id: UUID) -> date | None:
    """Return the birthday a member told, None for none."""
    return Profile.objects.filter(wallet_id=wallet_id).values_list("birthday", flat=True).first()


def tell_birthday(
    *, programme_id: UUID, wallet_id: UUID, birthday: date | None, today: date
) -> None:
    """Keep a member's birthday, None to forget it. Raises InvalidInput for one that no member can have."""
    if birthday is not None:
        check_birthday(birthday, today=today)
    Profile.objects.update_or_create(
        wallet_id=wallet_id,
        defaults={"birthday": birthday},
        create_defaults={
            "programme_id": programme_id,
            "bucket": ids.bucket_of(wallet_id),
            "birthday": birthday,
        },
    )


@transaction.atomic
def save_profile(member: Member, said: Said, *, now: datetime, today: date) -> None:
    """Keep what a member says now of themselves. Raises InvalidInput for a birthday that no member can have."""
    facts = MemberFacts(
        line=1, ref=member.ref, name=said.name, locale=said.locale, country=said.country
    )
    save_members(shared_connection(), member.programme_id, [facts], now=now, today=today)
    if said.birthday is None and birthday_of(member.wallet_id) is None:
        return
    tell_birthday(
        programme_id=member.programme_id,
        wallet_id=member.wallet_id,
        birthday=said.birthday,
        today=today,
    )


def check_birthday(birthday: date, *, today: date) -> None:
    """Raise InvalidInput for a birthday that is to come, too long ago, or of somebody too young to be a member."""
    years = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    if birthday > today or years > OLDEST_YEARS:
        raise InvalidInput("Nobody was born on that day who could be a member.", field="birthday")
    if years < YOUNGEST_YEARS:
        raise InvalidInput(
            f"Members are {YOUNGEST_YEARS} or older.", field="birthday", years=YOUNGEST_YEARS
        )

"""What a member may tell of themselves, and nothing needs: a birthday."""

from datetime import date
from uuid import UUID

from cagnotte.domain import ids
from cagnotte.domain.errors import InvalidInput
from cagnotte.identity.models import Profile

YOUNGEST_YEARS = 16
"""Members are at least as old: younger ones need their parents for consents in France and most of the Union."""

OLDEST_YEARS = 120


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


def check_birthday(birthday: date, *, today: date) -> None:
    """Raise InvalidInput for a birthday that is to come, too long ago, or of somebody too young to be a member."""
    years = today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))
    if birthday > today or years > OLDEST_YEARS:
        raise InvalidInput("Nobody was born on that day who could be a member.", field="birthday")
    if years < YOUNGEST_YEARS:
        raise InvalidInput(
            f"Members are {YOUNGEST_YEARS} or older.", field="birthday", years=YOUNGEST_YEARS
        )

"""Which shops the member in front of a page keeps."""

from uuid import UUID

from cagnotte.catalog import favourites
from cagnotte.portal.visit import Visit


def kept_shops(visit: Visit) -> dict[UUID, bool]:
    """Return the shops that the member keeps, the latest first, and whether a higher rate is told; {} for visitors."""
    if visit.member is None:
        return {}
    found = favourites.of_wallet(programme_id=visit.programme.id, wallet_id=visit.wallet_id)
    return {one.merchant_id: one.alert for one in found}

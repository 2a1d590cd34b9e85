"""The owner of a closed account comes back for what is kept aside: the operator pays it, to the account they name."""

from cagnotte.journeys.ask_payout import Desk
from cagnotte.payouts import selectors, unclaimed
from cagnotte.payouts.selectors import Connection, PayoutView
from cagnotte.payouts.unclaimed import UnclaimedAsk
from cagnotte.wallet.movements import occasion


def pay(connection: Connection, desk: Desk, ask: UnclaimedAsk) -> PayoutView:
    """Make a payout of what is kept aside, which goes out with the next run; commits by itself. Asked again, it is one.

    Who asks, and whether they are the owner, the operator has found out. Raises NotFound without payout settings, and
    as `unclaimed.pay`.
    """
    with connection.transaction():
        rules = selectors.rules(connection, desk.programme_id)
        moment = occasion(
            connection,
            programme_id=desk.programme_id,
            currency=rules.currency,
            now=desk.now,
            on=desk.on,
        )
        return unclaimed.pay(connection, ask, occasion=moment)

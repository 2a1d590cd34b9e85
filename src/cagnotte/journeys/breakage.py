"""Who gains when money expires that nobody spent in time: fixed with each lot and voucher when it is made."""

from cagnotte.domain.chart import Account
from cagnotte.domain.contracts import Contract
from cagnotte.journeys.programme_run import ProgrammeRun


def gainer(run: ProgrammeRun, contract: Contract | None, *, self_funded: bool = False) -> Account:
    """Return the account that gains: the funder's, which owes less, or one of the programme's results.

    contract: the one whose rules apply; None = the programme's own. self_funded: all of it is the programme's money,
    and nobody else gains by what they did not pay.
    """
    currency = run.programme.currency
    if self_funded:
        return Account("programme.promotions", run.id, run.id, currency)
    if contract is not None and contract.breakage_to == "funder":
        return Account("funder.due", contract.funder_id, run.id, currency)
    return Account("programme.breakage", run.id, run.id, currency)

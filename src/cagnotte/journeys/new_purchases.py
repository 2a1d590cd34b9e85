"""A purchase seen for the first time: rated with what is known of its member, rendered, booked.

Nothing here touches the database but a budget that has run dry: rows go to the chunk's recording, and uses of
counters to the facts that the member's next purchase of the chunk reads.
"""

from typing import Any, NamedTuple
from uuid import UUID

from cagnotte.domain.bookings.earning import NOTHING, Owners, PartAmounts, Standing, restatement
from cagnotte.domain.contracts import Release
from cagnotte.domain.ids import derived_id
from cagnotte.domain.lifecycle import Moments, answer_date, release_date
from cagnotte.domain.purchases import Purchase, Validation
from cagnotte.domain.rating import engine, returns
from cagnotte.domain.rating.counting import active_uses
from cagnotte.domain.rating.decision import CounterUse, Decision, MemberFacts, to_data
from cagnotte.domain.transactions import Transaction
from cagnotte.journeys.arrivals import Arrived
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.frozen import frozen_data, starved
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import (
    NULL,
    Recording,
    Version,
    decision_line,
    part_line,
    version_line,
)
from cagnotte.platform.sql import escape
from cagnotte.purchases.reports import Report


class MemberRow(NamedTuple):
    """Who a member number belongs to."""

    wallet_id: UUID
    member_id: UUID
    bucket: int
    segments: frozenset[str]


class NewPurchase(NamedTuple):
    """A purchase decided; parts are empty when it arrives declined."""

    report: Report
    member: MemberRow
    decision: Decision
    frozen: dict[str, Any]
    validation: Validation
    parts: tuple[PartAmounts, ...]
    purchase_id: UUID
    version_id: UUID
    merchant_id: UUID

    @property
    def reward_minor(self) -> int:
        """R as booked."""
        return sum([part.reward_minor for part in self.parts])


class NewPurchases:
    """Takes new purchases, one after the other."""

    def __init__(self, run: ProgrammeRun, arrived: Arrived, budgets: Budgets) -> None:
        self._run = run
        self._arrived = arrived
        self._budgets = budgets
        self._rules = run.rules_at()
        self._recorded_at = run.now.isoformat()
        self._programme_hex = f"{run.id.int:032x}"
        self._source_hex = f"{arrived.source_id.int:032x}"
        self._file_hex = f"{arrived.file_id.int:032x}" if arrived.file_id else NULL

    def take(
        self, report: Report, member: MemberRow, facts: MemberFacts, recording: Recording
    ) -> NewPurchase:
        """Decide a purchase with the facts of its member, which then know of it; write it to the recording."""
        new = self._decided(report, member, facts)
        for use in active_uses(new.decision, new.validation):
            _count(member, use, facts, recording)
        if new.validation is not Validation.DECLINED:
            for offer, amount in new.decision.budget_uses:
                self._budgets.use(offer, amount)
        self._render(new, recording)
        self._book(new, recording)
        return new

    def _decided(self, report: Report, member: MemberRow, facts: MemberFacts) -> NewPurchase:
        """Rate a purchase with what is known of its member, and freeze what was read."""
        decision = self._decide(report.purchase, facts)
        validation = report.status or Validation.PENDING
        now = self._run.now
        purchase_id = derived_id(now, self._run.id, self._arrived.source_id, report.native_id)
        return NewPurchase(
            report=report,
            member=member,
            decision=decision,
            frozen=frozen_data(
                facts, decision, self._budgets, self._rules, report.purchase.occurred_on
            ),
            validation=validation,
            parts=self._run.parts_of(decision) if validation is not Validation.DECLINED else (),
            purchase_id=purchase_id,
            version_id=derived_id(now, purchase_id, 1),
            merchant_id=self._run.parties["merchant", report.purchase.merchant],
        )

    def _decide(self, purchase: Purchase, facts: MemberFacts) -> Decision:
        """Rate a purchase; where a budget cut it, take another slice of the budget and rate again.

        An order that arrives with returns gets what it would have got had they been told later.
        """
        bought = returns.as_bought(purchase)
        while True:
            decision = engine.decide(bought, self._rules, facts, budgets=self._budgets)
            if bought is not purchase:
                decision = returns.redecide(
                    decision, bought, purchase, self._rules, facts, self._budgets
                )
            wanting = starved(decision)
            if not wanting or not sum(self._budgets.top_up(offer) for offer in wanting):
                return decision

    def _render(self, new: NewPurchase, recording: Recording) -> None:
        """Render the rows of a new purchase but its entries."""
        report, member, decision, validation = new.report, new.member, new.decision, new.validation
        purchase, lines, arrived = report.purchase, recording.lines, self._arrived
        purchase_hex, wallet_hex = f"{new.purchase_id.int:032x}", f"{member.wallet_id.int:032x}"
        programme_hex, merchant_hex = self._programme_hex, f"{new.merchant_id.int:032x}"
        arrived.observe(
            report, new.purchase_id, "new", report.content_hash, self._run.now, recording
        )
        confirmed_on, release_on, answer_by = self._dates(new)
        lines["purchases_purchase"].append(
            f"{purchase_hex}\t{programme_hex}\t{self._source_hex}\t{escape(report.native_id)}"
            f"\t{wallet_hex}\t{member.bucket}\t{member.member_id.int:032x}\t{merchant_hex}"
            f"\t{escape(purchase.order_ref)}\t{purchase.occurred_at.isoformat()}\t{purchase.occurred_on}"
            f"\t{purchase.currency}\t{purchase.amount_minor}\t{validation}\t{report.reason}\t1"
            f"\t\\\\x{report.content_hash.hex()}\t{report.reported_at.isoformat() if report.reported_at else NULL}"
            f"\t{self._file_hex}\t{confirmed_on}\t{release_on}\t{answer_by}\t{NULL}\t{{}}\t{report.attributed_by}"
        )
        version = Version(
            new.version_id, new.purchase_id, member.bucket, 1, "track", validation, report.reason
        )
        lines["purchases_purchaseversion"].append(
            version_line(version, self._recorded_at, report.facts)
        )
        lines["rewards_reward"].append(
            f"{purchase_hex}\t{programme_hex}\t{wallet_hex}\t{member.bucket}\t{merchant_hex}\t{purchase.currency}"
            f"\t{decision.base_minor}\t{new.reward_minor}\t0\t{decision.voucher_minor}\t0\t{new.version_id.int:032x}\t0"
        )
        lines["rewards_decision"].append(
            decision_line(version, to_data(decision), new.frozen, self._recorded_at)
        )
        for position, part in enumerate(new.parts):
            contract_id = self._contract_id(decision, position)
            lines["rewards_rewardpart"].append(
                part_line(new.purchase_id, member.bucket, position, part, contract_id)
            )

    def _contract_id(self, decision: Decision, position: int) -> UUID | None:
        key = decision.parts[position].contract
        return self._run.contract(key).id if key else None

    def _dates(self, new: NewPurchase) -> tuple[object, object, object]:
        """Return (confirmed on, to be released from, to be answered by), NULL where there is none."""
        contract, purchase = self._run.policy_of(new.decision), new.report.purchase
        if new.validation is Validation.PENDING:
            days = contract.auto_confirm_days if contract else None
            return NULL, NULL, answer_date(days, purchase.occurred_on) or NULL
        if new.validation is Validation.DECLINED:
            return NULL, NULL, NULL
        today = self._run.today
        if not new.reward_minor:
            return today, NULL, NULL
        release = contract.release if contract else Release(days=0)
        return today, release_date(release, Moments(purchase.occurred_on, today)) or NULL, NULL

    def _book(self, new: NewPurchase, recording: Recording) -> None:
        purchase, run = new.report.purchase, self._run
        owners = Owners(run.id, new.member.wallet_id, new.merchant_id, purchase.currency)
        recording.book(
            Transaction.of(
                restatement(NOTHING, Standing(new.validation, new.parts), owners),
                programme_id=run.id,
                book_id=new.member.wallet_id,
                kind="tracked",
                fact_id=new.version_id,
                occurred_on=purchase.occurred_on,
                effective_on=run.effective_on(purchase.occurred_on),
                recorded_at=run.now,
            )
        )


def _count(member: MemberRow, use: CounterUse, facts: MemberFacts, recording: Recording) -> None:
    """Note a use of a counter, for the database and for the member's next purchase of this chunk."""
    recording.count(member.wallet_id, member.bucket, use, 1)
    amount, count = facts.counters.get((use.name, use.period), (0, 0))
    facts.counters[use.name, use.period] = (amount + use.amount_minor, count + use.count)

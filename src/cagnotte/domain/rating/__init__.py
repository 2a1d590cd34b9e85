"""Rating: from a purchase, the contracts, the offers and the member's facts to a `Decision`.

`rulebook` indexes contracts and offers once, and `shops` remembers what of it concerns a shop on a day;
`engine.decide` is the one place where rewards are computed; `returns` applies a contract's return policy;
`decision` holds the values.
"""

from cagnotte.domain.rating.decision import Decision, MemberFacts, from_data, to_data
from cagnotte.domain.rating.engine import decide
from cagnotte.domain.rating.rulebook import Rulebook

__all__ = ["Decision", "MemberFacts", "Rulebook", "decide", "from_data", "to_data"]

"""Rating: from a purchase, the contracts, the offers and the member's facts to a `Decision`.

`rulebook` indexes contracts and offers once; `engine.decide` is the one place where rewards are computed;
`returns` applies a contract's return policy; `decision` holds the values.
"""

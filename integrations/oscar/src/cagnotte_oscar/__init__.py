"""Tells Cagnotte about the orders and refunds of a django-oscar shop, and has the shop take its vouchers.

`listening` notes in the shop's database, in the transaction that changes an order, that it has to be told;
`sending` tells it once that transaction has committed, and again until Cagnotte has taken it; `content` is what is
told; `middleware` remembers the click that brought a customer. The other way round, `views` hears from Cagnotte of
vouchers that members bought with their money, and `vouchers` makes them Oscar's.
"""

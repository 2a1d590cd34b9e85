"""Replaced shortly by its owner."""
from cagnotte.domain.rating.engine import decide
def redecide(original, before, after, book, member, budgets=None):
    return decide(after, book, member, budgets=budgets)

"""Bringing friends: link, code, and what became of each."""

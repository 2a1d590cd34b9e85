"""Claiming what is missing: from a visit to an answer."""

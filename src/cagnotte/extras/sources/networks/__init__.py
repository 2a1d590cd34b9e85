"""Affiliate networks, seen from the publisher; and the generic signed postback."""

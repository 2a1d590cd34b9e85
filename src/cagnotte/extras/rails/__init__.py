"""Payout rails: ways to move money to members."""

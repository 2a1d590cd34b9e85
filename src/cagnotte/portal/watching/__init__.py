"""Watching money grow: balances, purchases and why each earned what it did, statements, proofs."""

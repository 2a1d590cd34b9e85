"""Purchases: what sources told us (observations), and what stands of it (purchases and their versions).

Observations keep a key and a hash for ever and the received bytes until retention or erasure.
May import: tracking and below. Look next at `models`, `reading` (files into texts) and `reports` (texts into values,
line by line in `lines`).
"""

"""What purchases earn: decisions with their explanation, rewards by funder, counters, lots.

May import: purchases and below. Look next at `models`, then `journeys.ingest`, which writes them.
"""

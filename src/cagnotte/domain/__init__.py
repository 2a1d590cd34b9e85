"""The core: money, offers, rating, life cycle and bookings, in plain Python.

Nothing here imports a framework, opens a connection or reads the clock: every module runs in a REPL.
May import: the standard library and other modules of this package. Look next at `rating.decide`.
"""

"""Extension points: what a plugin may provide, and the values it is handed.

Built-in payout rails use these same hooks. A plugin imports `cagnotte.hooks` and `cagnotte.domain`, nothing else
of Cagnotte. Look next at `specs`, then `values`.
"""

"""Who takes part: programmes, parties (merchants, brands, networks), wallets, members and staff.

Personal data lives here and nowhere else; every other context knows a wallet by its id.
May import: platform, domain. Look next at `models`.
"""

"""The ledger: accounts, balanced transactions, balances. It knows accounts and books, and nothing of rewards."""

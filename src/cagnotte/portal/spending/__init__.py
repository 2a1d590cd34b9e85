"""Spending: money paid out, vouchers, donations, shops of the coalition, the code for a till."""

"""Growth: how a programme's members bring others.

A member's code, and the friends who joined with it. A friend is known here by the wallet alone, and shown to the
sponsor as a number and a month. No reward is paid for it yet; what is kept is what one would be computed from.
May import: wallet and below. Look next at `referrals`.
"""

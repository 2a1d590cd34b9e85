"""The showcase: a portal called Colibri, with invented shops, members and the year they had, to look at.

Its days end today, so that something is always pending, something confirmed and something about to expire. Look next
at `story` for how the year is lived; `shops` is who sells, `rules` what they give, `marks` draws them.
"""

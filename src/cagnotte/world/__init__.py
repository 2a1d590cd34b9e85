"""The demo: a year of a grocery retailer's real purchases, run as a cashback programme.

`complete_journey` reads the published data, `people` and `answers` draw what it does not hold (names, bank
accounts, refusals, returns) from a seed, `files` writes all of it as the files a retailer would send, `story`
lives through the months with them, `report` prints what happened, and `demo_command` is `cagnotte demo`.
Nothing here is used by the programme's own code; files enter by the same journeys as anybody's.
"""

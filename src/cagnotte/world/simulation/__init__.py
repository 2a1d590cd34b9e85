"""A simulated world: shops, members, returns, cheats and late networks, drawn from a seed and written as files.

`plan` says what is asked for, `dice` gives every actor a stream of chance of its own, `shops` and `members` are who
there is, `shopping` lets members buy, and `tills` or `networks` tell what becomes of each order. `writers` know the
formats, `programmes` the rules, `truth` keeps what really happened, `making` puts all of it into a folder, `living`
runs such a folder through the programme, and `command` is `cagnotte simulate`.
"""

"""The catalogue: categories and products, contracts and offers and their versions, and the file they come from.

`programme_file` reads and checks the file, `services` loads it, `selectors` gives contracts and offers back as
the values that rating reads, and `definitions` is the one place where those values become JSON and return.
"""

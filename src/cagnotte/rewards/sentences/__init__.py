"""Decisions as sentences: what was earned, by which arithmetic, who pays it, and what was missed.

Sentences are for people. They are written in the active language (Django's translations; English is the
source), name offers and parties as their owners do, and are as few as tell the whole story: what concerns many
lines or many offers is said once. Every code that the engine emits has its sentence here, and a test holds the
two together; a code from a later version, read while that is being rolled out, is told in general words.

Begin with `explaining.explain`. `earned` and `missed` say what came of the offers, `base` what did not count;
`told` has the names of things.
"""

"""The addresses that machines call: today, the one where connected sources send to.

Each view parses, calls one journey, and answers; what goes wrong is a problem document (RFC 9457) that tells nothing of
the inside. May import: journeys and below. Look next at `receiving`.
"""

"""Claims: what members say is missing or wrong, what was asked and answered, and the proofs they handed in."""

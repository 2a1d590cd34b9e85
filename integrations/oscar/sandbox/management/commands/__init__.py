"""Commands of the small shop."""

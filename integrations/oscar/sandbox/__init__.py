"""A small shop, to try the app and to test it."""

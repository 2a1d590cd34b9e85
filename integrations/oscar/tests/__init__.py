"""Tests of the app, against the small shop."""

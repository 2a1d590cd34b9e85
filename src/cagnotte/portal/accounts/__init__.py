"""Joining a programme, signing in, and a member's own account: profile, security, consents."""

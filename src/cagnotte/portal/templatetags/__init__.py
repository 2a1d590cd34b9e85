"""Tags that pages of the portal load."""

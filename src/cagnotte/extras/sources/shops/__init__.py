"""Shop software, by its webhooks and its interface for orders."""

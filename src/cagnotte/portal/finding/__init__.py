"""Finding a shop: the front page, search, categories, a shop's page, favourites, leaving for a shop."""

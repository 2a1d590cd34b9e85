"""Plugins that come with Cagnotte. They import `cagnotte.hooks` and `cagnotte.domain`, nothing else of it."""

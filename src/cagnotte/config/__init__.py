"""Settings, addresses and the entry points of web servers: the only place that knows every other package."""

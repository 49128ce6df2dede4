"""Search as a service of its own. Twin: monolith/search."""

"""Posts as a service of their own. Twin: monolith/posts."""

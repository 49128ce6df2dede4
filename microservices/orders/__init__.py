"""Orders that boost posts, as a service of its own. Twin: monolith/orders."""

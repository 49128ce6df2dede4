"""Users as a service of their own. Twin: monolith/users."""

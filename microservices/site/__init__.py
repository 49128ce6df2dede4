"""The static site, as a service of its own. Twin: monolith/site."""

"""The live feed, as a service of its own. Twin: monolith/live."""

"""Avatars, as a service of its own. Twin: monolith/avatars."""

"""Avatars, in the one process. Twin: microservices/avatars."""

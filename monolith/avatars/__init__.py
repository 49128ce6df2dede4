"""The avatars module of the monolith. Twin: microservices/avatars."""

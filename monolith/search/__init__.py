"""The search module of the monolith. Twin: microservices/search."""

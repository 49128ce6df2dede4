"""The posts module of the monolith. Twin: microservices/posts."""

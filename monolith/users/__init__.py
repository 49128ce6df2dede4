"""The users module of the monolith. Twin: microservices/users."""

"""The orders module of the monolith. Twin: microservices/orders."""

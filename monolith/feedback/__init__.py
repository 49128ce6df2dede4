"""The feedback module of the monolith. Twin: microservices/feedback."""

"""The live feed module of the monolith. Twin: microservices/live."""

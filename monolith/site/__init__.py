"""The static site module of the monolith. Twin: microservices/site."""

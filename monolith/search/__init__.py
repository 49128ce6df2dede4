"""Search in the one process. Twin: microservices/search."""

"""Posts in the one process. Twin: microservices/posts."""

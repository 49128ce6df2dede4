"""Orders in the one process. Twin: microservices/orders."""

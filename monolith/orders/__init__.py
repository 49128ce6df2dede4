"""Orders that boost posts, in the one process. Twin: microservices/orders."""

"""Users in the one process. Twin: microservices/users."""

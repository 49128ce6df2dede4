"""The domain as one Flask process on one PostgreSQL. Twin: microservices."""

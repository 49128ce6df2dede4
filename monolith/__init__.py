"""The domain as one Flask application on one PostgreSQL database. Twin: microservices."""

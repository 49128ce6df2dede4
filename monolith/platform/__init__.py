"""Health and the contract itself, in the one process. Twin: microservices/platform."""

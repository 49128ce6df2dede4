"""Only the microservices: events, redelivery, permissions, packages, deployment."""

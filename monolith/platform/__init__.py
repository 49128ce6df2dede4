"""The platform module of the monolith: health check and OpenAPI document. Twin: microservices/platform."""

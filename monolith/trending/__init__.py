"""The trending module of the monolith: views of posts. Twin: microservices/trending."""

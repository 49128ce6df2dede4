"""Views of posts, in the one process. Twin: microservices/trending."""

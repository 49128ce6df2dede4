"""Views of posts, as a service of its own. Twin: monolith/trending."""

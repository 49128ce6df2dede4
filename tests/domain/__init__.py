"""The rules of `shared_domain`, without a system around them."""

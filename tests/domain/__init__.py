"""The rules of the domain, without any system around them."""

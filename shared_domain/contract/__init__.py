"""The HTTP contract as data for both sides: parse requests, translate errors into problems, serialise values.

One module per feature, so that the package of a function contains only its own: `users`, `posts`, `votes`, `search`,
`feedback`, `orders`, `trending`, `live`. All features use `parsing`, `paging`, `problems` and `times`.
"""

"""The HTTP contract as data, once for both sides: how requests are read, what errors become, how values are written.

One module per feature that has a form of its own, so that a function ships only its own: `users`, `posts`, `votes`, `search`,
`feedback`, `orders`, `trending`, `live`. All features: `parsing`, `paging`, `problems`, `times`.
"""

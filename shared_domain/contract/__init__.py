"""The HTTP contract as data, once for both sides: how requests are read, what errors become, how values are written.

One module per room that has a form of its own, so that a function ships only its own: `users`, `posts`, `votes`, `search`,
`feedback`, `orders`, `trending`, `live`. All rooms: `parsing`, `paging`, `problems`, `times`.
"""

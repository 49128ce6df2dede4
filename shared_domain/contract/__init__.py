"""The HTTP contract as data, once for both sides: how requests are read, what errors become, how values are written.

One module per room, so that a function ships only its own: `users`, `posts`, `votes`, `search`. All rooms: `parsing`, `paging`,
`problems`, `times`.
"""

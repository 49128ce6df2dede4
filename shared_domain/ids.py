"""The form of every id: a ULID, which begins with the millisecond of its creation, so that ids sort by it."""

ID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"

"""The pattern of every id: a ULID. It begins with the millisecond of its creation, so ids sort by creation."""

ID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"

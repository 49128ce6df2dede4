"""Drills: the same fault on both sides under load, with a timeline and an audit of lost and doubled effects."""

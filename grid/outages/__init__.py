"""Planned and confirmed outages: whom they reach, what people hear, who is still in the dark."""

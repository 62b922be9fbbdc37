"""Joined reads over several rooms: the dispatchers' board and its map. Nothing is written here."""

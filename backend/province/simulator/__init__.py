"""A province of its own: strict as the real one, and able to misbehave."""

"""The door of the staff's phones."""

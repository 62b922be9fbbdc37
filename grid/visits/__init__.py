"""Visits: who is due, the plan of a month, what was found at the door, and who checks it."""

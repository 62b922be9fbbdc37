"""Rules about the code itself: what the house looks like, held by tests."""

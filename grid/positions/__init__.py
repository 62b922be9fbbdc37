"""Where staff are and were."""

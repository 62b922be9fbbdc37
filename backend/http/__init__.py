"""The porch: what all doors share of the web — problems, sign-in, limits, live hints, logs."""

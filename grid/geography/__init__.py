"""Pure map arithmetic: datums, distances, travel times, and which area holds a point."""

"""Times and limits of matters: pauses, corrections, priorities, and what was promised."""

"""One file per conversation: its questions, what an answer means, and what an outcome is worth."""

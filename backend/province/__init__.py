"""The province's 95598: orders that it sends us, feedback that we send it, and its simulator."""

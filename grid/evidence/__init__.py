"""Photos, signatures and files: content-addressed, chained for each subject, read by scope."""

"""Supervision orders (督办): who has to answer for a missed limit or a question, and until when."""

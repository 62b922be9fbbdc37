"""Tools without domain words: database, outbox, idempotency, refusals, clocks, settings, audit."""

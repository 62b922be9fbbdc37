"""PostgreSQL and Valkey for one machine, from wheels: a demo, a test run, a small station.

A larger installation brings its own servers and never imports this package.
"""

from backend.embedded.home import EmbeddedError, HomeInUse
from backend.embedded.postgres import EmbeddedPostgres
from backend.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedValkey", "HomeInUse"]

"""SIMULATOR of a meter head-end: takes commands, reads back meters, and misbehaves on purpose."""

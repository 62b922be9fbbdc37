"""The meter head-end (采集主站): the system that reads meters and carries commands to them."""

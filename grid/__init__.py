"""The business: everything the company knows and decides. No HTTP, no WeChat."""

"""The door of the customers in WeChat."""

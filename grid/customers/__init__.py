"""Accounts, metering points, meters, tags, and the people in WeChat who act for an account."""

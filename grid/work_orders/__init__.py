"""Tickets, work orders and assignments: states, evidence of arrival, history, ratings."""

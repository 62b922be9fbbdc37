"""Tickets: what customers come with, from intake to archive, sealed where it must be."""

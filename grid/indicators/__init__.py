"""Every figure the company is judged by: what it counts, from which records, and since when."""

"""Child processes of one machine: started on a leash, watched, and stopped in order."""

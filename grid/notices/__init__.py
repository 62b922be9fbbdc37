"""What customers were told, and whether it came true: the ledger of promised times."""

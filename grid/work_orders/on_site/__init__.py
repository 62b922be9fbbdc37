"""At the place: whether somebody arrived, is safe, and can prove the work."""

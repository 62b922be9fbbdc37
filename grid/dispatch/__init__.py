"""Who should do it: ranked candidates with the terms kept, offers that move on."""

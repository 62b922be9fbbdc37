"""Due times as a pure function of events and limits; policies by date."""

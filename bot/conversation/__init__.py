"""How a talk goes on: a pure function from where it stands and what was said to what comes next."""

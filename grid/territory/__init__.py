"""County, stations, grids and districts; staff, sign-in, skills, shifts and the three roles."""

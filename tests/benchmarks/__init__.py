"""How near we are to what the machine allows: each row runs beside a bare limit, in turns."""

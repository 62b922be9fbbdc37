"""Everything on one machine: what `wangge up` keeps in its home, and the children it starts."""

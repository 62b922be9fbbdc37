"""`python -m backend` is `wangge`."""

import sys

from backend.cli import main

sys.exit(main())

"""python -m centre: the same as the command mektep-centre."""

import sys

from centre.cli import main

sys.exit(main())

"""python -m agent: the same as the command mektep."""

import sys

from agent.cli.main import main

sys.exit(main())

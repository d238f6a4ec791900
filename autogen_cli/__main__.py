"""`python -m autogen_cli` is `autogen`."""

import sys

from autogen_cli.cli.app import main

sys.exit(main())

"""`python -m autogen_cli` is `autogen`."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the working folder, whose `json.py` or `typer.py` may be anybody's

from autogen_cli.cli.app import main

sys.exit(main())

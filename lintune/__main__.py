"""`python -m lintune`."""

import sys

from lintune.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

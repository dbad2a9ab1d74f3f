"""``analogcloud`` and ``python -m appliance``.

Child processes import this file again under another name; the guard at its end keeps them quiet.
"""

from __future__ import annotations

import sys
from multiprocessing import freeze_support

from appliance import cli


def main() -> None:
    """The console command: ends the process with the command's exit code."""
    try:
        code = cli.run(sys.argv[1:])
    except* KeyboardInterrupt:  # alone, or in the group of a nursery
        code = 130  # what shells expect after Ctrl-C
    sys.exit(code)


if __name__ == "__main__":
    freeze_support()
    main()

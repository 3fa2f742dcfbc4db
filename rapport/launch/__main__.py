import sys

from rapport.launch.cli import main

sys.exit(main())

"""A web process stays small: what only jobs need is imported where a job needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

HEAVY = [
    "pyarrow",
    "numpy",
    "scipy",
    "sklearn",
    "pandas",
    "duckdb",
    "ibis",
    "openpyxl",
    "xlsxwriter",
    "playwright",
    "hypothesis",
]
MOST_MEGABYTES = 120

PROGRAM = f"""
import json, sys
from rapport.config.wsgi import application
from django.conf import settings
from django.urls import get_resolver
for urls in (settings.ROOT_URLCONF, settings.WORKSPACE_URLCONF):
    get_resolver(urls).url_patterns
pages = int(open("/proc/self/statm").read().split()[1])
print(json.dumps({{"megabytes": pages * 4 // 1024, "heavy": [name for name in {HEAVY!r} if name in sys.modules]}}))
"""


def test_web_process_starts_small_and_without_the_tools_of_jobs() -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}

    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)

    found = json.loads(done.stdout)
    assert found["heavy"] == []
    assert found["megabytes"] < MOST_MEGABYTES

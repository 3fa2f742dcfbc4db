"""python -m benchmarks [program …] [--size T|S|P|M|L]: run some or all programs."""

from __future__ import annotations

import argparse
from importlib import import_module

PROGRAMS = (
    "requests",
    "lists",
    "ingestion",
    "timeline",
    "imports",
    "permission",
    "value",
    "warehouse",
    "mining",
    "equity",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("programs", nargs="*", choices=[*PROGRAMS, []], help="all when none is named")
    parser.add_argument("--size", default="S", help="T (tiny), S, P (at which peers were measured), M or L")
    parser.add_argument("--times", type=int, default=60, help="requests of each kind")
    arguments = parser.parse_args()
    for name in arguments.programs or PROGRAMS:
        import_module(f"benchmarks.{name}").main(arguments)


if __name__ == "__main__":
    main()

"""The `rapport` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rapport.launch import assets


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except assets.AssetsError as error:
        print(f"rapport: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="rapport", description="Rapport: one customer, one ledger, one page.")
    commands = parser.add_subparsers(required=True, metavar="command")
    build = commands.add_parser("assets", help="build the front-end files (needs a checkout)")
    build.add_argument("--force", action="store_true", help="build again even when nothing changed")
    build.set_defaults(run=_assets)
    manage = commands.add_parser("manage", help="run a Django management command", add_help=False)
    manage.add_argument("arguments", nargs=argparse.REMAINDER)
    manage.set_defaults(run=_manage)
    return parser


def _assets(arguments: argparse.Namespace) -> int:
    print("built" if assets.build(force=arguments.force) else "up to date")
    return 0


def _manage(arguments: argparse.Namespace) -> int:
    import os

    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rapport.config.settings")
    execute_from_command_line(["rapport manage", *arguments.arguments])
    return 0

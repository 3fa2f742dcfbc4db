"""Brings a database to the present migrations, with as little work as its state allows."""

from __future__ import annotations

import os
import subprocess
from typing import Literal

import psycopg

from rapport.launch import snapshot
from rapport.launch.serving import this_program

Outcome = Literal["current", "built", "migrated"]


class SchemaError(RuntimeError):
    """The schema could not be brought up to date; the text says why."""


def prepare(url: str) -> Outcome:
    """Nothing when it is current; the snapshot when it is empty; the migrations otherwise."""
    wanted = snapshot.fingerprint()
    with psycopg.connect(url, autocommit=True) as connection:
        if snapshot.recorded_fingerprint(connection) == wanted:
            return "current"
        found = snapshot.Snapshot.find(wanted)
        if found and found.public and snapshot.is_empty(connection):
            snapshot.load(connection, found)
            return "built"
    migrate(url)
    return "migrated"


def migrate(url: str, *, verbosity: int = 0) -> None:
    """In a process of its own: Django is not needed here afterwards, and costs a second and 100 MB."""
    command = this_program("manage", "prepare_database", "--verbosity", str(verbosity))
    quiet = verbosity == 0
    done = subprocess.run(
        command,
        env={**os.environ, "DATABASE_URL": url},
        check=False,
        text=True,
        stderr=subprocess.PIPE if quiet else None,
    )
    if done.returncode:
        said = (done.stderr or "").strip().splitlines()
        raise SchemaError("The database could not be brought up to date." + (f" {said[-1]}" if said else ""))


def state(connection: psycopg.Connection) -> Literal["current", "behind", "empty"]:
    if snapshot.is_empty(connection):
        return "empty"
    return "current" if snapshot.recorded_fingerprint(connection) == snapshot.fingerprint() else "behind"

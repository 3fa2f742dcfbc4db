"""The Rapport that journeys walk through."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from rapport.waiting import eventually

PASSWORD = "walk the harbour wall"
# Everyone of whom a journey changes the password, the second step or the session has a name of their own.
PEOPLE = {"nora": "member", "paul": "member", "theo": "member", "rita": "read-only"}


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    session: str


@dataclass
class House:
    address: str
    slug: str
    schema: str
    database: str
    home: Path
    log: Path
    people: dict[str, Person]
    environment: dict[str, str]

    def at(self, path: str) -> str:
        """The address of a page of the workspace; of one outside it when the path begins with a slash."""
        return f"{self.address}{path}" if path.startswith("/") else f"{self.address}/w/{self.slug}/{path}"

    def ask(self, query: LiteralString, *values: Any) -> Any:
        """One value from the workspace's schema, to check what a page says."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(sql.SQL("set search_path to {}, public").format(sql.Identifier(self.schema)))
            row = connection.execute(query, values).fetchone()
        return row[0] if row else None

    def link_mailed_to(self, address: str, pattern: str) -> str:
        """The address in the newest mail to somebody; mails lie in files while no mail server is set."""

        def newest() -> str:
            files = sorted((self.home / "mail").glob("*.log"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
            for file in files:
                for part in file.read_bytes().split(b"-" * 79):
                    message = email.message_from_bytes(part.strip(), policy=email.policy.default)
                    if address in str(message["to"]):
                        body = message.get_body(("plain",))
                        if body and (found := re.search(pattern, body.get_content())):
                            return found[0]
            return ""

        return eventually(newest, for_what=f"a mail to {address}")

"""What nearly every page needs of its workspace: read along with the member, and kept for the visit."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection

from rapport.foundation.accounts.tenancy import current_tenant
from rapport.foundation.workspace.extension_points import BroughtAlong, brought_along

T = TypeVar("T")


class KeptForVisit(Generic[T]):
    """One value of the workspace at hand, from a statement that answers JSON. `forget` it when its rows are written.

    It is kept with the connection's tenant, which every request and every job sets anew, so that no workspace meets
    another's. Who comes in without a member reads it in a statement of its own.
    """

    def __init__(self, name: str, sql: str, read: Callable[[Any], T]) -> None:
        self.name, self.sql, self._read = f"_kept_{name}", sql, read
        self._written = 0  # how often this process changed it in any workspace
        brought_along.register(name, BroughtAlong(sql, self.take))

    def get(self) -> T:
        """No query on the visit it came in with, else one."""
        held: tuple[int, T] | None = getattr(current_tenant(), self.name, None)
        if held is not None and held[0] == self._written:
            return held[1]
        with connection.cursor() as cursor:
            cursor.execute(f"select {self.sql}")
            (found,) = cursor.fetchone() or (None,)
        return self.take(found)

    def take(self, found: Any) -> T:
        """Keep what a statement carried along."""
        value = self._read(json.loads(found) if isinstance(found, str) else found)
        setattr(current_tenant(), self.name, (self._written, value))
        return value

    def forget(self) -> None:
        """Its rows were written: whoever asks next reads them again."""
        self._written += 1

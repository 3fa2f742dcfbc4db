"""A typed registry: what upper apps plug into lower ones. Filled in each app's hooks.py, frozen after start-up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class RegistryError(RuntimeError):
    """A name was registered twice, asked for without being there, or added after start-up."""


class Registry(Generic[T]):
    """Names to values in the order they were registered."""

    def __init__(self, what: str) -> None:
        self.what = what
        self._items: dict[str, T] = {}
        self._frozen = False

    def register(self, name: str, value: T) -> T:
        if self._frozen:
            raise RegistryError(f"{self.what} {name!r} was registered after start-up")
        if name in self._items:
            raise RegistryError(f"{self.what} {name!r} is registered twice")
        self._items[name] = value
        return value

    def freeze(self) -> None:
        self._frozen = True

    def get(self, name: str) -> T | None:
        return self._items.get(name)

    def __getitem__(self, name: str) -> T:
        try:
            return self._items[name]
        except KeyError:
            known = ", ".join(self._items) or "none"
            raise RegistryError(f"No {self.what} {name!r}; known: {known}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def values(self) -> list[T]:
        return list(self._items.values())

    def items(self) -> list[tuple[str, T]]:
        return list(self._items.items())

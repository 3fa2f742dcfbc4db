from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rapport.foundation.accounts.rules import LONGEST, address_from_name, is_address, numbered


@given(st.text(max_size=200))
def test_every_name_gives_an_address_or_nothing(name: str) -> None:
    address = address_from_name(name)

    assert address == "" or is_address(address)


@given(st.text(max_size=200).map(address_from_name).filter(bool), st.integers(2, 10**6))
def test_numbered_address_is_an_address(address: str, number: int) -> None:
    assert is_address(numbered(address, number))
    assert len(numbered(address, number)) <= LONGEST

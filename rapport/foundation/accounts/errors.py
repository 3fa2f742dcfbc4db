"""What can go wrong with accounts and workspaces as a whole.

AccountError
├── AddressTaken      another workspace has this address
└── MayNotFound       this person may not open workspaces on this installation
"""

from __future__ import annotations


class AccountError(Exception):
    """The base of the errors that services of accounts raise on purpose."""


class AddressTaken(AccountError):
    """Another workspace has this address."""


class MayNotFound(AccountError):
    """This person may not open workspaces on this installation."""

"""The same cast for tests that belong to no single app."""

from rapport.conftest import actor, actor_for, ada, ben, cleo, client_for, other_workspace, set_role, workspace

__all__ = ["actor", "actor_for", "ada", "ben", "cleo", "client_for", "other_workspace", "set_role", "workspace"]

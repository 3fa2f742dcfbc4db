"""What every template knows: the shell around the page and who looks at it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from rapport.foundation.ui.shell import Shell


def shell(request: HttpRequest) -> dict[str, Any]:
    made = Shell(request)
    return {"shell": made, "actor": made.actor}

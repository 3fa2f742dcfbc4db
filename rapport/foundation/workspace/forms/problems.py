"""What a service refuses, shown beside the fields it is about."""

from __future__ import annotations

from django import forms

from rapport.foundation.workspace.errors import Invalid


def add_problems(form: forms.Form, error: Invalid) -> None:
    for name, reason in error.problems.items():
        form.add_error(name if name in form.fields else None, reason)

"""Answers that views of accounts and workspaces share. The floor `ui` has richer ones, but stands above."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseRedirect


def see_other(url: str) -> HttpResponse:
    """Lead on after a POST: 303, so that a reload asks for the new page and posts nothing."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response

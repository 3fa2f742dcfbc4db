"""The audit log."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from rapport.foundation.workspace import policies
from rapport.foundation.workspace.forms.audit import AuditFilterForm
from rapport.foundation.workspace.http import WorkspaceRequest
from rapport.foundation.workspace.queries.audit import audit_page
from rapport.foundation.workspace.queries.members import everyone
from rapport.foundation.workspace.types import Power


@require_safe
def audit_log(request: WorkspaceRequest) -> HttpResponse:
    policies.require(request.actor, Power.SEE_AUDIT)
    form = AuditFilterForm(request.GET, members=everyone())
    wanted = form.wanted()
    page = audit_page(wanted, actor=request.actor, cursor=request.GET.get("after", ""))
    following = request.GET.copy()
    following["after"] = page.next_cursor
    context = {
        "form": form,
        "rows": page.rows,
        "is_filtered": any((wanted.member_id, wanted.group, wanted.since, wanted.until)),
        "following": f"?{following.urlencode()}" if page.next_cursor else "",
        "first": request.path if request.GET.get("after") else "",
    }
    return render(request, "workspace/audit/list.html", context)

"""Numbers for Prometheus at /metrics, and one log line for each request when logs are structured.

Several web processes share their counts through files (prometheus_client's multiprocess mode); what the database knows is
asked when the numbers are fetched.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from rapport.stores.warehouse.queries.heartbeat import heartbeat

REQUESTS = Counter("rapport_requests", "Requests answered", ["method", "view", "status"])
SECONDS = Histogram(
    "rapport_request_seconds",
    "Time to answer a request",
    ["view"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

log = logging.getLogger("rapport.requests")


class RequestMetrics:
    """Counts and times every request, gives it an id, and answers /metrics."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/metrics":
            return _answer(request)
        given = request.headers.get("X-Request-ID", "")
        request_id = given if GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        began = time.perf_counter()
        response = self.get_response(request)
        seconds = time.perf_counter() - began
        # The name of the view, never the path: paths hold identifiers, and the keys of password mails.
        match = request.resolver_match
        view = (match.view_name if match else "") or "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, view, str(response.status_code)).inc()
        SECONDS.labels(view).observe(seconds)
        response.headers.setdefault("X-Request-ID", request_id)
        if settings.LOG_REQUESTS:
            details = {"request_id": request_id, "method": method, "view": view, "status": response.status_code}
            workspace = getattr(request, "workspace", None)
            details["workspace"] = workspace.schema_name if workspace else None
            log.info("request", extra={**details, "ms": round(seconds * 1000, 1)})
        return response


def _answer(request: HttpRequest) -> HttpResponse:
    if not may_read(request):
        return HttpResponse("There is nothing here.", status=404, content_type="text/plain")
    registry = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the package gives it no types
    else:
        registry.register(_Counted())
    registry.register(_Asked())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def may_read(request: HttpRequest) -> bool:
    """With the token of RAPPORT_METRICS_TOKEN; where none is set, from this machine and not through a proxy."""
    if token := settings.METRICS_TOKEN:
        return secrets.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    if "Forwarded" in request.headers or "X-Forwarded-For" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class _Counted:
    """What this process counted."""

    def collect(self) -> Iterator[Metric]:
        yield from REQUESTS.collect()
        yield from SECONDS.collect()


class _Asked:
    """What is known when asked: disk, database, jobs."""

    def collect(self) -> Iterator[Metric]:
        try:
            free = shutil.disk_usage(settings.HOME).free
            yield GaugeMetricFamily("rapport_disk_free_bytes", "Free space where files are kept", value=free)
        except OSError:
            pass
        if beat := heartbeat():
            told = "Age of the oldest touch point that no warehouse took up yet, of the workspace furthest behind"
            yield GaugeMetricFamily("rapport_warehouse_behind_seconds", told, value=beat.most_behind)
            told = "When the worker last looked after the warehouses"
            yield GaugeMetricFamily("rapport_warehouse_looked_timestamp_seconds", told, value=beat.at)
        try:
            with connection.cursor() as cursor:
                cursor.execute("select count(*) from public.accounts_workspace")
                workspaces = cursor.fetchone()[0]
                cursor.execute("select status::text, count(*) from public.procrastinate_jobs group by status")
                jobs = dict(cursor.fetchall())
                cursor.execute(
                    "select coalesce(extract(epoch from clock_timestamp() - min(e.at)), 0)"
                    " from public.procrastinate_jobs j join public.procrastinate_events e on e.job_id = j.id"
                    " where j.status = 'todo' and e.type = 'deferred'"
                    " and (j.scheduled_at is null or j.scheduled_at < clock_timestamp())"
                )
                oldest = cursor.fetchone()[0]
                cursor.execute(
                    "select count(*) from public.procrastinate_workers"
                    " where last_heartbeat > clock_timestamp() - interval '1 minute'"
                )
                workers = cursor.fetchone()[0]
                cursor.execute("select pg_database_size(current_database())")
                size = cursor.fetchone()[0]
        except DatabaseError:
            yield GaugeMetricFamily("rapport_database_up", "1 when the database answers", value=0)
            return
        yield GaugeMetricFamily("rapport_database_up", "1 when the database answers", value=1)
        yield GaugeMetricFamily("rapport_database_bytes", "Size of the database", value=size)
        yield GaugeMetricFamily("rapport_workspaces", "Workspaces", value=workspaces)
        yield GaugeMetricFamily("rapport_workers", "Workers that gave a sign of life within a minute", value=workers)
        yield GaugeMetricFamily("rapport_job_wait_seconds", "Age of the oldest job that is due", value=float(oldest))
        family = GaugeMetricFamily("rapport_jobs", "Jobs by status", labels=["status"])
        for status in ("todo", "doing", "succeeded", "failed", "cancelled", "aborted"):
            family.add_metric([status], jobs.get(status, 0))
        yield family

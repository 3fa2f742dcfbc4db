"""What was answered 202 is there, once, whatever is killed meanwhile; what was not answered can be sent again."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.faults.conftest import Rapport

BATCHES, SIZE = 60, 150
URL = "/api/v1/touchpoints"

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600), pytest.mark.django_db]


def batch(number: int) -> list[dict[str, Any]]:
    return [
        {
            "customer": {"email": f"p{(number * 7 + place) % 200}@x.example", "cookie": f"browser-{place % 50:04}"},
            "channel": "web",
            "kind": "page_viewed",
            "source": "shop",
            "source_id": f"b{number}-{place}",
            "content": "words" if place % 10 == 0 else "",
        }
        for place in range(SIZE)
    ]


def send_until_it_breaks(rapport: Rapport, numbers: list[int], enough: Callable[[], None]) -> set[int]:
    """Two senders; both stop at the first request that fails. Returns the batches that were answered 202."""
    waiting, answered, lock = list(reversed(numbers)), set[int](), threading.Lock()

    def send() -> None:
        while True:
            with lock:
                if not waiting:
                    return
                number = waiting.pop()
            try:
                status, _ = rapport.ask("POST", URL, batch(number))
            except (OSError, http.client.HTTPException):
                return
            if status != 202:
                assert status == 503
                return
            with lock:
                answered.add(number)
                if len(answered) == 6:
                    enough()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answered


def stored(rapport: Rapport) -> dict[int, int]:
    """Touch points by batch; fails when one is there twice."""
    rows = rapport.rows("select source_id, count(*), count(distinct id) from touchpoint group by source_id")
    assert all(count == 1 for _, count, _ in rows)
    found: dict[int, int] = {}
    for source_id, _, _ in rows:
        number = int(source_id[1:].partition("-")[0])
        found[number] = found.get(number, 0) + 1
    return found


@pytest.mark.parametrize("victim", ["web", "database"])
def test_nothing_answered_is_lost_and_nothing_is_doubled(rapport: Rapport, victim: str) -> None:
    left = list(range(BATCHES))
    answered: set[int] = set()

    for _ in range(2):  # killed, started, killed again
        killer = threading.Thread(target=rapport.kill_web if victim == "web" else rapport.kill_database)
        answered |= send_until_it_breaks(rapport, left, killer.start)
        killer.join()
        if victim == "web":
            rapport.start_web()
        else:
            rapport.start_database()
            rapport.until_ready()  # the web server was not restarted: it finds the database again by itself
        found = stored(rapport)
        assert {number for number in answered if found.get(number) != SIZE} == set(), "answered 202, and lost"
        assert set(found.values()) <= {SIZE}, "a batch is there whole or not at all"
        left = [number for number in range(BATCHES) if number not in answered]
        assert left, "everything was sent before anything was killed"

    for number in range(BATCHES):
        status, body = rapport.ask("POST", URL, batch(number))
        assert status == 202
        assert body["refused"] == 0
        if number in answered:
            assert body["duplicate"] == SIZE
    assert stored(rapport) == dict.fromkeys(range(BATCHES), SIZE)
    ((contents, strays),) = rapport.rows(
        "select count(*), count(*) filter (where t.id is null) from touchpoint_content c"
        " left join touchpoint t on t.customer_id = c.customer_id and t.id = c.touchpoint_id"
    )
    assert (contents, strays) == (BATCHES * SIZE // 10, 0)
    ((people,),) = rapport.rows("select count(*) from customers_customer")
    assert people == 200

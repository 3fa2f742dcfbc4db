"""Without a database, and without room on its disk: honest answers, nothing lost, and everything well again by itself."""

from __future__ import annotations

import pytest

from tests.faults.conftest import Rapport

URL = "/api/v1/touchpoints"
MEGABYTE = 2**20

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600), pytest.mark.django_db]


def items(run: str, count: int = 100) -> list[dict[str, object]]:
    return [
        {
            "customer": {"email": f"p{n}@x.example"},
            "channel": "web",
            "kind": "page_viewed",
            "source": "shop",
            "source_id": f"{run}-{n}",
            "properties": {"words": "x" * 500},
        }
        for n in range(count)
    ]


def test_pages_say_that_the_database_is_gone_and_come_back_with_it(rapport: Rapport) -> None:
    rapport.kill_database()

    ready, problems = rapport.ask("GET", "/readyz")
    page, html = rapport.ask("GET", "/account/login/")
    door, problem = rapport.ask("POST", URL, items("a"))

    assert (ready, problems["problems"]) == (503, ["The database does not answer."])
    assert rapport.ask("GET", "/healthz")[0] == 200
    assert page == 503
    assert b"reach its database" in html
    assert b"Traceback" not in html
    assert door == 503
    assert "status" in problem
    rapport.start_database()
    rapport.until_ready()
    assert rapport.ask("POST", URL, items("a"))[1]["created"] == 100


def test_a_full_disk_loses_nothing_that_was_answered(rapport: Rapport) -> None:
    rapport.rows(
        "with made as (insert into touchpoint (customer_id, occurred_at, id, recorded_at, channel, kind, source, subject)"
        " select gen_random_uuid(), now(), gen_random_uuid(), now(), 'web', 'page_viewed', 'filler', repeat('x', 400)"
        " from generate_series(1, 45000) returning 1) select count(*) from made"
    )
    ((size,),) = rapport.rows("select pg_relation_size('touchpoint_open')")
    assert size > 17 * MEGABYTE, "files of the write-ahead log, of 16 MB, still find room"
    assert rapport.ask("POST", URL, items("before"))[0] == 202

    answers = []
    with rapport.no_room(size + 8192):
        answers = [rapport.ask("POST", URL, items(f"full{n}")) for n in range(5)]
        assert rapport.ask("GET", "/healthz")[0] == 200
        assert rapport.ask("GET", "/account/login/")[0] == 200

    refused = [n for n, (status, _) in enumerate(answers) if status == 503]
    accepted = [n for n, (status, _) in enumerate(answers) if status == 202]
    assert refused, "nothing was refused: there was room after all"
    assert len(refused) + len(accepted) == len(answers)
    assert all("Traceback" not in str(body) for _, body in answers)
    again = [rapport.ask("POST", URL, items(f"full{n}")) for n in range(5)]
    assert [status for status, _ in again] == [202] * 5
    assert [body["duplicate"] for _, body in again] == [100 if n in accepted else 0 for n in range(5)]
    ((count, different),) = rapport.rows(
        "select count(*), count(distinct source_id) from touchpoint where source = 'shop'"
    )
    assert (count, different) == (600, 600)

"""An import that the worker runs: killed meanwhile, it is finished by the next one, with every row once."""

from __future__ import annotations

from typing import Any

import pytest

from rapport.waiting import eventually
from tests.faults.conftest import Rapport

ROWS = 40_000  # several seconds of work: enough batches to be killed between
URL = "/api/v1/imports"

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600), pytest.mark.django_db]


def people() -> bytes:
    lines = [b"Name,E-mail,City"]
    lines += [f"Person {n} Tester,p{n}@firm.example,Utrecht".encode() for n in range(ROWS)]
    return b"\n".join(lines)


def upload(rapport: Rapport) -> str:
    edge = "edge-of-a-part"
    parts = b"".join(
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
        for name, more, value in (
            ("record_type", "", b"customer"),
            ("file", '; filename="people.csv"\r\nContent-Type: text/csv', people()),
        )
    )
    status, row = rapport.ask(
        "POST", URL, parts + f"--{edge}--\r\n".encode(), kind=f"multipart/form-data; boundary={edge}"
    )
    assert status == 201, row
    return str(row["id"])


def state(rapport: Rapport, import_id: str) -> tuple[str, dict[str, Any]]:
    ((said, counts),) = rapport.rows(f"select state, counts from records_import where id = '{import_id}'")
    return said, counts


def stored(rapport: Rapport) -> tuple[int, int, int, int]:
    """Customers, different ones, identities, and identities that belong to nobody."""
    (found,) = rapport.rows(
        "select (select count(*) from customers_customer), (select count(distinct email) from customers_customer),"
        " (select count(*) from customers_identity), (select count(*) from customers_identity i where not exists"
        " (select 1 from customers_customer c where c.id = i.customer_id))"
    )
    return found  # type: ignore[return-value]  # four counts, as the query says


def wait_for(rapport: Rapport, import_id: str, wanted: str) -> None:
    eventually(lambda: state(rapport, import_id)[0] == wanted, within=180, for_what=f"the import to be {wanted}")


def wait_for_some_rows(rapport: Rapport, import_id: str, more_than: int = 0) -> int:
    def written() -> int:
        ((done,),) = rapport.rows(f"select count(*) from records_importbatch where import_id = '{import_id}'")
        return int(done)

    eventually(lambda: written() > more_than, within=120, for_what="batches to be written")
    return written()


def test_an_import_whose_worker_is_killed_twice_has_every_row_once(rapport: Rapport) -> None:
    import_id = upload(rapport)
    rapport.start_worker()
    status, begun = rapport.ask("POST", f"{URL}/{import_id}/run")
    assert (status, begun["state"]) == (200, "running")

    done = 0
    for _ in range(2):  # killed, started, killed again
        done = wait_for_some_rows(rapport, import_id, done)
        assert state(rapport, import_id)[0] == "running", "it was over before anything was killed"
        rapport.kill_worker()
        rapport.start_worker()
        rapport.take_over()

    wait_for(rapport, import_id, "done")
    assert state(rapport, import_id)[1]["new"] == ROWS
    assert stored(rapport) == (ROWS, ROWS, ROWS, 0)
    ((operations,),) = rapport.rows("select count(distinct operation_id) from customers_customer")
    assert operations == 1

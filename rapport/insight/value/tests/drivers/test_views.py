from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import Workbook

from rapport.foundation.accounts.models import User
from rapport.insight.value.models import DriverResult, DriverStudy
from rapport.insight.value.rules.survey import example_survey
from rapport.insight.value.services.drivers import fit_study

PAGE = "/w/kestrel/insight/equity/drivers"


@pytest.fixture
def ada_at(client_for: Callable[[User], Client], ada: User) -> Client:
    return client_for(ada)


def sent(content: bytes | None = None, file_name: str = "survey.csv", **more: Any) -> dict[str, Any]:
    file = SimpleUploadedFile(file_name, content if content is not None else example_survey().encode())
    form = {
        "name": "Spring", "file": file, "brand": "Our brand", "population": "10000",
        "margin": "30", "discount": "10", "years": "",
    }  # fmt: skip
    return {**form, **more}


def the_worker() -> None:
    for result_id in DriverResult.objects.filter(state="waiting").values_list("pk", flat=True):
        fit_study(result_id)


def test_without_a_survey_the_page_offers_an_example(ada_at: Client) -> None:
    assert "No survey yet" in ada_at.get(PAGE).content.decode()

    example = ada_at.get(f"{PAGE}/example.csv")
    assert example["Content-Type"].startswith("text/csv")
    assert example.content.decode().startswith("respondent,brand,last,next,spend,purchases_per_year,value: quality")


def test_the_example_file_is_read_fitted_and_shown(
    ada_at: Client, django_capture_on_commit_callbacks: Any, django_assert_max_num_queries: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = ada_at.post(f"{PAGE}/new", sent())
    assert answer.status_code == 303
    assert "The model is being fitted" in ada_at.get(PAGE).content.decode()

    the_worker()
    with django_assert_max_num_queries(15):
        page = ada_at.get(PAGE).content.decode()

    assert "One point more is worth" in page
    assert "of those who bought Our brand last buy it again" in page
    assert "the leader’s equity is overstated" in page
    result = DriverResult.objects.get()
    assert result.model_version == "rlz-2"
    assert sum(result.figures["weights"].values()) == pytest.approx(1)


def test_a_workbook_is_read_as_well(ada_at: Client) -> None:
    book = Workbook()
    for line in example_survey().split("\r\n")[:-1]:
        cells = line.split(",")
        book.active.append([float(cell) if cell.isdigit() else cell for cell in cells])
    kept = io.BytesIO()
    book.save(kept)

    assert ada_at.post(f"{PAGE}/new", sent(kept.getvalue(), "survey.xlsx")).status_code == 303
    assert DriverStudy.objects.get().survey["brands"] == ["Our brand", "Brand B", "Brand C"]


def test_a_cell_that_cannot_be_used_is_named_on_the_page(ada_at: Client) -> None:
    lines = example_survey().split("\r\n")
    lines[4] = lines[4].replace("yes", "perhaps").replace("no", "perhaps")

    answer = ada_at.post(f"{PAGE}/new", sent("\r\n".join(lines).encode()))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert '<td class="r-num">5</td><td>last</td>' in page
    assert "is neither yes nor no" in page
    assert not DriverStudy.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"brand": "Nobody"}, "is not in the file"),
        ({"population": "0"}, "greater than or equal to 1"),
        ({"content": b""}, "empty"),
        ({"content": b"PK\x03\x04 not a workbook"}, ""),
        ({"content": b"a,b\r\n1,2\r\n"}, "This column is missing."),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(ada_at: Client, change: dict[str, Any], words: str) -> None:
    answer = ada_at.post(f"{PAGE}/new", sent(**change))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not DriverStudy.objects.exists()


def test_the_return_of_an_improvement_is_worked_out(ada_at: Client) -> None:
    ada_at.post(f"{PAGE}/new", sent(years="5"))
    the_worker()
    study = DriverStudy.objects.get()

    answer = ada_at.post(f"{PAGE}/{study.pk}/improve", {"target": "value: quality", "points": "0.5", "cost": "1000"})
    assert answer.status_code == 303
    the_worker()

    page = ada_at.get(f"{PAGE}/{study.pk}").content.decode()
    told = DriverResult.objects.filter(improvement__target="value: quality").get().figures["improvement"]
    assert told["return"] == pytest.approx((told["gain"] - 1000) / 1000)
    assert "€1,000" in page or "1,000" in page
    assert DriverResult.objects.count() == 2


def test_an_improvement_of_what_was_not_asked_is_refused(ada_at: Client) -> None:
    ada_at.post(f"{PAGE}/new", sent())
    the_worker()
    study = DriverStudy.objects.get()

    for wrong in ({"target": "value: taste"}, {"points": "0"}, {"cost": "-3"}):
        form = {"target": "value", "points": "1", "cost": "10", **wrong}
        assert ada_at.post(f"{PAGE}/{study.pk}/improve", form).status_code == 422


def test_a_survey_that_says_nothing_gives_the_reason(ada_at: Client) -> None:
    lines = [line.split(",") for line in example_survey().split("\r\n")[:-1]]
    flat = [lines[0], *([*line[:6], "4", "4", "4", "4"] for line in lines[1:])]

    ada_at.post(f"{PAGE}/new", sent("\r\n".join(",".join(line) for line in flat).encode()))
    the_worker()

    assert "everybody gave every brand the same rating" in ada_at.get(PAGE).content.decode()


def test_a_study_is_deleted_with_its_answers(ada_at: Client) -> None:
    ada_at.post(f"{PAGE}/new", sent())

    ada_at.post(f"{PAGE}/{DriverStudy.objects.get().pk}/remove")

    assert not DriverStudy.objects.exists()
    assert not DriverResult.objects.exists()


def test_a_member_reads_studies_and_starts_none(
    client_for: Callable[[User], Client], ben: User, set_role: Callable[[User, str], None], ada_at: Client
) -> None:
    ada_at.post(f"{PAGE}/new", sent())
    the_worker()
    set_role(ben, "read_only")

    assert client_for(ben).get(PAGE).status_code == 200
    assert client_for(ben).get(f"{PAGE}/new").status_code == 403
    assert client_for(ben).post(f"{PAGE}/new", sent()).status_code == 403

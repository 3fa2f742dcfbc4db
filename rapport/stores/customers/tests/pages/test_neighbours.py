"""The way from one customer to the next."""

from __future__ import annotations

import pytest
from django.test import Client

from rapport.stores.customers.tests.factories import make_customer
from rapport.stores.customers.tests.pages.factories import HOME, HTMX, page


def test_neighbours_follow_the_list_one_came_from(browser: Client) -> None:
    one, two, three = (make_customer(name) for name in ("Anna", "Bea", "Carla"))
    came_from = {"Referer": f"http://testserver{HOME}/customers/?sort=name"}

    shown = browser.get(page(two), headers=came_from).content.decode()
    asked = shown.partition("neighbours?in=")[2].partition('"')[0]
    found = browser.get(page(two, f"neighbours?in={asked}"), headers=HTMX).content.decode()

    assert asked == "customers%3Fsort%3Dname"
    assert found.index(str(one.pk)) < found.index(str(three.pk))
    assert "Previous: Anna" in found
    assert "Next: Carla" in found
    last = browser.get(page(three, f"neighbours?in={asked}"), headers=HTMX).content.decode()
    assert "Previous: Bea" in last
    assert "Next:" not in last


@pytest.mark.parametrize(
    "said", ["", "nothing", "customers?where=%7B%7D%7B", "customers?sort=owner", "persons?view=nonsense", "%00"]
)
def test_nonsense_leads_nowhere(browser: Client, said: str) -> None:
    marta = make_customer()

    assert browser.get(page(marta, f"neighbours?in={said}"), headers=HTMX).status_code == 200
    assert browser.get(page(marta), headers={"Referer": f"http://evil.example{HOME}/customers/?x"}).status_code == 200

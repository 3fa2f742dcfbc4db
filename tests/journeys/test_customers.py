"""One customer: made, changed, talked to, joined with another."""

from __future__ import annotations

from pathlib import Path

from tests.journeys.house import House
from tests.journeys.visitor import Open, Visitor


def add_customer(visitor: Visitor, given: str, family: str, email: str) -> str:
    """By the page of its own; answers the address of the new customer's page within the workspace."""
    page = visitor.go("customers/new")
    page.fill("[name=given_name]", given)
    page.fill("[name=family_name]", family)
    page.fill("[name=email]", email)
    page.click("#customer-form .btn-primary")
    page.get_by_role("heading", level=1, name=f"{given} {family}").wait_for()
    return visitor.here


def test_adds_a_customer_is_warned_of_a_twin_edits_in_place_and_undoes_it(visit: Open, house: House) -> None:
    owner = visit("owner")
    add_customer(owner, "Henrike", "Vossberg", "henrike@vossberg.example")

    page = owner.go("customers/")
    page.get_by_role("link", name="Add customer").click()
    page.locator("#sheet[open]").wait_for()
    owner.look("add-in-the-sheet", within="#sheet")
    page.fill("#sheet [name=given_name]", "Henrike")
    page.fill("#sheet [name=family_name]", "Vossberg-Lang")
    page.fill("#sheet [name=email]", "HENRIKE@vossberg.example")
    page.press("#sheet [name=email]", "Tab")
    page.locator("#twins", has_text="same e-mail address").wait_for()
    owner.look("twin", within="#sheet")
    page.fill("#sheet [name=city]", "Husum")
    page.fill("#sheet [name=email]", "lang@vossberg.example")
    page.press("#sheet [name=email]", "Tab")
    page.locator("#twins", has_text="same e-mail address").wait_for(state="detached")
    page.click("#sheet #customer-form .btn-primary")
    owner.toast("Henrike Vossberg-Lang added")
    page.get_by_role("link", name="Henrike Vossberg-Lang").click()
    page.get_by_role("heading", level=1, name="Henrike Vossberg-Lang").wait_for()

    page.locator("#fact-city [data-edit]").click()
    page.fill("#fact-city form[data-cell] input:not([type=hidden])", "Flensburg")
    page.press("#fact-city form[data-cell] input:not([type=hidden])", "Enter")
    page.locator("#fact-city", has_text="Flensburg").wait_for()
    owner.undo("City")
    page.locator("#fact-city", has_text="Husum").wait_for()

    page.get_by_role("link", name="Edit", exact=True).first.click()
    page.locator("#sheet[open]").wait_for()
    page.fill("#sheet [name=job_title]", "Fleet manager")
    page.locator("#sheet").get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Fleet manager").first.wait_for()
    owner.look("edited")
    page.locator("#facts").get_by_role("link", name="History").click()
    page.get_by_text("Flensburg").first.wait_for()
    owner.look("history")


def test_logs_calls_finds_them_relates_people_and_keeps_a_file(visit: Open, house: House, tmp_path: Path) -> None:
    busiest = house.ask(
        "select customer_id from touchpoint join customers_customer c on c.id = customer_id"
        " group by 1 order by count(*) desc limit 1"
    )
    owner = visit("owner")
    page = owner.go(f"customers/{busiest}/")
    page.locator("#timeline").wait_for()
    owner.settled()
    owner.look("customer")

    page.fill("#composer [name=body]", "Wants three long-johns before the harvest fair")
    page.press("#composer [name=body]", "Control+Enter")
    page.locator("#timeline", has_text="before the harvest fair").wait_for()
    page.locator("#composer [name=kind][value=call]").check(force=True)
    page.fill("#composer [name=body]", "Agreed on the mudguards")
    page.fill("#composer [name=minutes]", "7")
    page.get_by_role("button", name="Log call").click()
    page.locator("#timeline", has_text="Agreed on the mudguards").wait_for()
    owner.look("logged")

    shown = page.locator("#timeline .r-ev").count()
    page.locator("#timeline-more a").click()
    owner.until(f"document.querySelectorAll('#timeline .r-ev').length > {shown}")
    page.fill("#timeline-q", "harvest")
    owner.until("document.querySelectorAll('#timeline .r-ev').length === 1")
    page.fill("#timeline-q", "")
    owner.until("document.querySelectorAll('#timeline .r-ev').length > 5")
    segments = page.locator("#timeline .r-seg a")
    segments.nth(1).click()
    page.locator("#timeline .r-seg a[aria-current] >> text=All").wait_for(state="detached")
    owner.settled()
    owner.look("narrowed")
    page.locator("#timeline .r-seg a >> nth=0").click()
    page.locator("#timeline .r-seg a[aria-current] >> text=All").wait_for()
    owner.settled()

    note = page.locator(".r-ev", has_text="harvest fair")
    note.get_by_role("button", name="More about").click()
    note.get_by_role("button", name="Pin to the top").click()
    page.locator("#timeline .r-day >> nth=0", has_text="Pinned").wait_for()

    page.get_by_role("link", name="Add a relationship").click()
    page.locator("#sheet[open]").wait_for()
    page.locator("#sheet [name=to__q]").fill("ma")
    page.locator("#sheet .r-picker-found input").first.check()
    owner.look("relationship", within="#sheet")
    page.locator("#sheet").get_by_role("button", name="Add relationship").click()
    page.locator("#sheet").wait_for(state="hidden")
    page.locator("#relationships .r-graph").wait_for()

    offer = tmp_path / "offer.txt"
    offer.write_text("Three long-johns, blue.")
    owner.settled()
    page.get_by_role("link", name="Add a file").click()
    page.locator("#sheet[open]").wait_for()
    page.set_input_files("#sheet input[type=file]", offer)
    page.locator("#sheet").get_by_role("button", name="Add file").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="offer.txt").click()
    assert Path(download.value.path()).read_text() == "Three long-johns, blue."
    owner.look("with-file")


def test_makes_one_customer_of_two_and_two_of_it_again(visit: Open, house: House) -> None:
    owner = visit("owner")
    one = add_customer(owner, "Jannick", "Overbeck", "jannick@overbeck.example")
    other = add_customer(owner, "Jan", "Overbeck", "jan@overbeck.example")
    page = owner.page
    page.fill("#composer [name=body]", "Asked for a spare key")
    page.get_by_role("button", name="Save note").click()
    page.locator("#timeline", has_text="spare key").wait_for()

    page = owner.go(one)
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("link", name="Merge with another record").click()
    page.locator("[name=other__q]").fill("Jan Overbeck")
    page.get_by_role("radio", name="Jan Overbeck jan@").or_(page.locator(".r-picker-found input").first).first.check()
    owner.look("choose")
    page.get_by_role("button", name="Compare the two").click()
    page.get_by_role("heading", name="Make one customer of two").wait_for()
    page.check("[name=choose_given_name][value=absorbed]")
    owner.look("compare")
    page.get_by_role("button", name="Merge", exact=True).click()

    page.locator("#timeline", has_text="spare key").wait_for()
    page.get_by_text("was merged into this customer").wait_for()
    page.get_by_text("jan@overbeck.example").first.wait_for()
    owner.look("merged")
    owner.go(other)
    assert owner.here == one

    page.fill("#composer [name=body]", "Key sent by post")
    page.get_by_role("button", name="Save note").click()
    page.locator("#timeline", has_text="sent by post").wait_for()
    page.get_by_role("button", name="Make two of it again").click()
    page.get_by_text("was merged into this customer").wait_for(state="detached")
    page.locator("#timeline", has_text="sent by post").wait_for()
    assert page.locator("#timeline", has_text="spare key").count() == 0
    owner.go(other)
    assert owner.here == other
    page.locator("#timeline", has_text="spare key").wait_for()
    assert page.locator("#timeline", has_text="sent by post").count() == 0

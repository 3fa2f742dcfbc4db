"""The customer pages, over HTTP."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import Change, Operation
from rapport.foundation.records.services import fields, records
from rapport.foundation.workspace.models import AuditEntry, Member, Role
from rapport.foundation.workspace.rules import policy_to_json
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, RecordRules, RolePolicy, RowRule, Rows
from rapport.stores.customers.models import Address, Customer, CustomerFile, Identity, Relationship
from rapport.stores.customers.services import addresses, contact_points, files
from rapport.stores.customers.services.merges import merge_customers
from rapport.stores.customers.tests.factories import make_customer, make_organisation, make_relation

HOME = "/w/kestrel"
HTMX = {"HX-Request": "true"}
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


@pytest.fixture
def browser(client_for: Callable[[User], Client], ada: User) -> Client:
    return client_for(ada)


@pytest.fixture
def give_role(actor: Actor) -> Callable[..., None]:
    """A role of Ben's own, with rules for customers."""

    def give(
        user: User, *, actions: dict[Action, RowRule] | None = None, fields: dict[str, FieldAccess] | None = None
    ) -> None:
        rules = RecordRules(actions or actor.role.rules("customer").actions, fields or {})
        policy = RolePolicy("special", "Special", actor.role.powers, rules, {"customer": rules})
        Role.objects.update_or_create(key="special", defaults={"name": "Special", "policy": policy_to_json(policy)})
        Member.objects.filter(user_id=user.pk).update(role_key="special")

    return give


def page(customer: Customer, rest: str = "") -> str:
    return f"{HOME}/customers/{customer.pk}/{rest}"


def furnished(actor: Actor, text: str = "Marta Oliveira") -> Customer:
    """A customer with something in every part of the page."""
    field = fields.create_field(
        actor=actor, record_type="customer", label=f"Shoe {text}"[:120], name="shoe", kind="text", group=text[:80]
    )
    choice = fields.create_field(
        actor=actor,
        record_type="customer",
        label="Card",
        name="card",
        kind="choice",
        choices=[{"value": "a", "label": text}],
    )
    assert (field.name, choice.name) == ("shoe", "card")
    marta = make_customer(
        text,
        email="marta@pedal.example",
        phone="+31105550142",
        job_title=text,
        city=text[:120],
        notes=text,
        tags=[text[:80]],
        website="https://pedal.example",
        shoe=text,
        card="a",
        owner=str(actor.member_id),
        organisation_name=text,
    )
    addresses.add_address(actor=actor, customer_id=marta.pk, values={"street": text, "city": text[:100]})
    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="external", value=text, namespace="shop")
    files.add_file(actor=actor, customer_id=marta.pk, name=f"{text}.pdf", content=io.BytesIO(b"%PDF-1"), size_bytes=6)
    make_relation(marta, "works_at", make_organisation(text), role=text[:120])
    make_relation(marta, "knows", make_customer(f"Rui {text}"))
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=make_customer(f"Twin {text}").pk)
    return marta


# --- seeing


def test_page_shows_what_is_known(browser: Client, actor: Actor) -> None:
    marta = furnished(actor)

    text = browser.get(page(marta)).content.decode()

    for said in (
        "Marta Oliveira",
        "marta@pedal.example",
        "+31 10 555 0142",
        "works at",
        "Rui Marta",
        "Twin Marta",
        "Shoe Marta",
        "Looked after by Ada",
    ):
        assert said in text


def test_merged_id_leads_to_the_survivor(browser: Client, actor: Actor) -> None:
    marta, twin = make_customer(), make_customer("Twin")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    response = browser.get(page(twin))

    assert (response.status_code, response["Location"]) == (303, page(marta))


@pytest.mark.parametrize(
    "rest",
    [
        "",
        "edit",
        "history",
        "merge",
        "export",
        "addresses/new",
        "identities/new",
        "relationships/new",
        "files/new",
        "facts/city",
    ],
)
def test_nobody_is_not_found(browser: Client, rest: str) -> None:
    assert browser.get(f"{HOME}/customers/00000000-0000-7000-8000-000000000000/{rest}").status_code == 404


def test_page_asks_at_most_fifteen_queries_whatever_there_is(
    browser: Client, actor: Actor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    marta = furnished(actor)
    for number in range(12):
        make_relation(marta, "knows", make_customer(f"Friend {number}"))
        addresses.add_address(actor=actor, customer_id=marta.pk, values={"street": f"Kade {number}"})
    browser.get(page(marta))

    for rest in ("", "edit", "history", "merge", "relationships/new"):
        with django_assert_max_num_queries(15):
            assert browser.get(page(marta, rest)).status_code == 200
    for url in (
        "/customers/new",
        "/customers/duplicates/",
        "/customers/relationship-types/",
        "/records/changes",
        "/records/bin",
        "/records/fields/",
    ):
        with django_assert_max_num_queries(15):
            assert browser.get(HOME + url).status_code == 200


@pytest.mark.parametrize("url", ["", "edit", "history", "merge", "addresses/new", "relationships/new"])
def test_hostile_text_is_shown_as_text(browser: Client, actor: Actor, url: str) -> None:
    marta = furnished(actor, HOSTILE)

    text = browser.get(page(marta, url)).content.decode()

    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "alert(1)" in text


@pytest.mark.parametrize(
    "url",
    ["/records/changes", "/records/fields/", "/customers/duplicates/", "/find?q=alert", "/customers/", "/records/bin"],
)
def test_hostile_text_is_shown_as_text_on_pages_of_many(browser: Client, actor: Actor, url: str) -> None:
    marta = furnished(actor, HOSTILE)
    make_customer(HOSTILE, city=marta.city, organisation_name=marta.organisation_name)
    browser.post(f"{HOME}/customers/duplicates/look")
    records.bin_records(actor=actor, record_type="customer", ids=[make_customer(HOSTILE).pk])

    text = browser.get(HOME + url).content.decode()

    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_address_of_another_script_never_becomes_a_link(browser: Client, actor: Actor) -> None:
    marta = make_customer()
    Customer.objects.filter(pk=marta.pk).update(website="javascript:alert(1)")

    text = browser.get(page(marta)).content.decode()

    assert 'href="javascript:' not in text


# --- who may


def test_outsider_gets_the_same_nothing_everywhere(
    client_for: Callable[[User], Client], cleo: User, actor: Actor
) -> None:
    marta = furnished(actor)
    stranger, file_id = client_for(cleo), CustomerFile.objects.get().pk

    for rest in ("", "edit", "history", "merge", "export", f"files/{file_id}", "facts/city", "neighbours"):
        assert stranger.get(page(marta, rest)).status_code == 404
        # The same id under her own workspace leads nowhere either.
        assert stranger.get(f"/w/harbour/customers/{marta.pk}/{rest}").status_code in (200, 404)
        assert b"Marta" not in stranger.get(f"/w/harbour/customers/{marta.pk}/{rest}").content
    for rest in ("bin", "tags", f"files/{file_id}/remove"):
        assert stranger.post(page(marta, rest)).status_code == 404
        assert stranger.post(f"/w/harbour/customers/{marta.pk}/{rest}").status_code == 404


def test_reader_sees_and_changes_nothing(
    client_for: Callable[[User], Client], ben: User, set_role: Callable[[User, str], None], actor: Actor
) -> None:
    marta = furnished(actor)
    set_role(ben, "read_only")
    reader, before = client_for(ben), Operation.objects.count()
    address, identity = Address.objects.get(), Identity.objects.get(value="marta@pedal.example")

    text = reader.get(page(marta)).content.decode()
    assert "Marta Oliveira" in text
    assert "addresses/new" not in text
    for rest in ("edit", "addresses/new", "identities/new", "relationships/new", "files/new", "merge", "export"):
        assert reader.get(page(marta, rest)).status_code == 403
    for rest in ("bin", "tags", f"addresses/{address.pk}/remove", f"identities/{identity.pk}/remove"):
        assert reader.post(page(marta, rest), {"add": "x"}).status_code == 403
    assert reader.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "X"}).status_code == 403
    assert Operation.objects.count() == before


def test_colleague_meets_only_their_own(
    client_for: Callable[[User], Client], ben: User, give_role: Callable[..., None], actor: Actor
) -> None:
    give_role(ben, actions={action: RowRule(Rows.OWN) for action in Action})
    member = Member.objects.get(user_id=ben.pk)
    mine, theirs = make_customer("Mine", owner=str(member.pk)), make_customer("Theirs")
    make_relation(mine, "knows", theirs)
    colleague = client_for(ben)

    assert b"Theirs" not in colleague.get(page(mine)).content
    assert colleague.get(page(theirs)).status_code == 404
    assert colleague.get(page(mine, f"merge?other={theirs.pk}")).status_code == 404
    assert b"Theirs" not in colleague.get(f"{HOME}/records/pick?type=customer&name=to&to__q=theirs").content
    assert b"Theirs" not in colleague.get(f"{HOME}/records/changes").content


def test_hidden_field_is_nowhere(
    client_for: Callable[[User], Client], ben: User, give_role: Callable[..., None], actor: Actor
) -> None:
    marta = make_customer("Marta", email="secret@pedal.example", city="Secretville", job_title="Secret agent")
    records.update_record(
        actor=actor,
        record_type="customer",
        record_id=marta.pk,
        values={"email": "secret2@pedal.example", "job_title": "Secret lead"},
    )
    addresses.add_address(actor=actor, customer_id=marta.pk, values={"city": "Secretville"})
    contact_points.add_identity(actor=actor, customer_id=marta.pk, kind="email", value="secret3@pedal.example")
    make_customer("Marta", email="other@pedal.example", city="Secretville")
    give_role(ben, fields=dict.fromkeys(("email", "city", "job_title"), FieldAccess.HIDDEN))
    blind = client_for(ben)
    blind.post(f"{HOME}/customers/duplicates/look")
    other = Customer.objects.exclude(pk=marta.pk).get()

    urls = [page(marta, rest) for rest in ("", "edit", "history", f"merge?other={other.pk}", "export", "facts/phone")]
    urls += [
        HOME + rest
        for rest in (
            "/records/changes",
            "/find?q=secret",
            "/find?q=marta",
            "/customers/duplicates/",
            "/customers/?q=marta",
        )
    ]
    for url in urls:
        response = blind.get(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
        said = body.decode().replace("q=secret", "").replace('value="secret"', "")
        assert "ecret" not in said.replace("“secret”", ""), url
    assert blind.get(page(marta, "facts/email"), headers=HTMX).status_code == 404
    assert blind.post(page(marta, "facts/email"), {"email": "mine@pedal.example"}, headers=HTMX).status_code == 404
    marta.refresh_from_db()
    assert marta.email == "secret2@pedal.example"


# --- adding and changing


def test_person_is_added_and_can_be_taken_back(browser: Client) -> None:
    response = browser.post(
        f"{HOME}/customers/new",
        {
            "kind": "person",
            "given_name": "Marta",
            "family_name": "Oliveira",
            "phone": "010 555 0142",
            "country": "NL",
            "tags": "vip, fleet",
        },
    )

    marta = Customer.objects.get()
    assert (response.status_code, response["Location"]) == (303, page(marta))
    assert (marta.name, marta.phone, marta.tags, marta.kind) == (
        "Marta Oliveira",
        "+31105550142",
        ["vip", "fleet"],
        "person",
    )
    shown = browser.get(page(marta)).content.decode()
    assert f"operations/{marta.operation_id}/undo" in shown


def test_each_kind_is_asked_for_what_it_has(browser: Client) -> None:
    person = browser.get(f"{HOME}/customers/new?kind=person").content.decode()
    organisation = browser.get(f"{HOME}/customers/new?kind=organisation").content.decode()
    household = browser.get(f"{HOME}/customers/new?kind=household").content.decode()

    assert 'name="given_name"' in person
    assert 'name="birth_date"' in person
    for text in (organisation, household):
        assert 'name="name"' in text
        assert 'name="given_name"' not in text
        assert 'name="birth_date"' not in text
    assert 'name="website"' not in household


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Give a name"),
        ({"given_name": "Marta", "email": "marta@"}, "is not an e-mail address"),
        ({"given_name": "Marta", "phone": "12"}, "is not a phone number"),
        ({"given_name": "x" * 600}, "At most 500 characters"),
        ({"given_name": "Marta", "birth_date": "31.2.2020"}, "is not a date"),
        ({"given_name": "Marta", "owner": "00000000-0000-7000-8000-000000000000"}, "no such colleague"),
        ({"given_name": "Marta", "fleet": "many"}, "is not a number"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(browser: Client, actor: Actor, sent: dict[str, str], said: str) -> None:
    fields.create_field(actor=actor, record_type="customer", label="Fleet", name="fleet", kind="number")

    response = browser.post(f"{HOME}/customers/new", {"kind": "person", **sent})

    assert response.status_code == 422
    assert said in response.content.decode()
    assert not Customer.objects.exists()


def test_required_field_of_ones_own_must_be_filled_in(browser: Client, actor: Actor) -> None:
    fields.create_field(actor=actor, record_type="customer", label="Card", name="card", kind="text", is_required=True)

    refused = browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta"})
    accepted = browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta", "card": "7"})

    assert (refused.status_code, accepted.status_code) == (422, 303)
    assert "This is needed." in refused.content.decode()
    assert Customer.objects.get().custom == {"card": "7"}


def test_every_kind_of_field_goes_through_the_form_and_back(browser: Client, actor: Actor) -> None:
    friend = make_customer("Rui Costa")
    kinds: dict[str, tuple[dict[str, Any], Any]] = {
        "text": ({"f_text": " a  b "}, "a b"),
        "long_text": ({"f_long_text": "a\nb"}, "a\nb"),
        "number": ({"f_number": "12.50"}, "12.5"),
        "money": ({"f_money__amount": "3.5", "f_money__currency": "USD"}, {"amount": "3.5", "currency": "USD"}),
        "date": ({"f_date": "2026-11-30"}, "2026-11-30"),
        "instant": ({"f_instant": "2026-11-30T14:05"}, "2026-11-30T13:05:00Z"),
        "choice": ({"f_choice": "b"}, "b"),
        "multi_choice": ({"f_multi_choice": ["a", "b"]}, ["a", "b"]),
        "boolean": ({"f_boolean": "false"}, False),
        "url": ({"f_url": "pedal.example/x"}, "https://pedal.example/x"),
        "email": ({"f_email": "A@Pedal.example"}, "a@pedal.example"),
        "phone": ({"f_phone": "+31 10 555 0142"}, "+31105550142"),
        "relation": ({"f_relation": str(friend.pk)}, str(friend.pk)),
        "member": ({"f_member": str(actor.member_id)}, str(actor.member_id)),
    }
    for kind in kinds:
        choices = [{"value": "a", "label": "A"}, {"value": "b", "label": "B"}] if "choice" in kind else []
        fields.create_field(
            actor=actor, record_type="customer", label=kind, name=f"f_{kind}", kind=kind, choices=choices
        )
    sent = {name: value for values, _ in kinds.values() for name, value in values.items()}

    browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta", **sent})

    marta = Customer.objects.get(given_name="Marta")
    assert marta.custom == {f"f_{kind}": stored for kind, (_, stored) in kinds.items()}
    form = browser.get(page(marta, "edit"))
    unchanged = _sent_as_shown(form.content.decode())
    assert browser.post(page(marta, "edit"), unchanged).status_code == 303
    assert not Change.objects.filter(record_id=marta.pk).exists()
    assert "Rui Costa" in browser.get(page(marta)).content.decode()


def _sent_as_shown(html: str) -> dict[str, Any]:
    """What a browser would send if nobody touched the form."""
    from html.parser import HTMLParser

    sent: dict[str, Any] = {}

    class Reader(HTMLParser):
        inside, select, text = False, "", ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            given = {name: value or "" for name, value in attrs}
            self.inside = self.inside or given.get("id") == "customer-form"
            name = given.get("name", "")
            if not self.inside:
                return
            if tag == "input" and name:
                kind = given.get("type", "text")
                if kind in ("checkbox", "radio") and "checked" not in given:
                    return
                if kind == "checkbox":
                    sent.setdefault(name, []).append(given.get("value", "on"))
                else:
                    sent[name] = given.get("value", "")
            elif tag == "select":
                self.select = name
                sent[name] = None
            elif tag == "option" and self.select and (sent[self.select] is None or "selected" in given):
                sent[self.select] = given.get("value", "")
            elif tag == "textarea":
                self.text = name
                sent[name] = ""

        def handle_data(self, data: str) -> None:
            if self.text:
                sent[self.text] += data

        def handle_endtag(self, tag: str) -> None:
            if tag == "textarea":
                sent[self.text] = sent[self.text].removeprefix("\n")
            self.text = "" if tag == "textarea" else self.text
            self.select = "" if tag == "select" else self.select
            self.inside = self.inside and tag != "form"

    Reader().feed(html)
    return {name: value for name, value in sent.items() if value is not None}


def test_dialog_gets_the_form_alone_and_closes_when_it_is_saved(browser: Client) -> None:
    dialog = {**HTMX, "Rapport-Dialog": "true"}

    form = browser.get(f"{HOME}/customers/new", headers=dialog)
    refused = browser.post(f"{HOME}/customers/new", {"kind": "person"}, headers=dialog)
    saved = browser.post(f"{HOME}/customers/new", {"kind": "person", "given_name": "Marta"}, headers=dialog)
    another = browser.post(
        f"{HOME}/customers/new", {"kind": "person", "given_name": "Rui", "another": "1"}, headers=dialog
    )

    assert b"<html" not in form.content
    assert b"data-sheet-title" in form.content
    assert (refused.status_code, saved.status_code, another.status_code) == (422, 204, 200)
    assert set(json.loads(saved["HX-Trigger"])) == {"saved", "toast"}
    assert "Rui" in json.loads(another["HX-Trigger"])["toast"]["text"]
    assert b'value="Rui"' not in another.content
    assert Customer.objects.count() == 2


def test_twins_are_pointed_out_while_typing(browser: Client) -> None:
    make_customer("Marta Oliveira", email="marta@pedal.example")

    hint = browser.post(f"{HOME}/customers/twins", {"email": "marta@pedal.example"}, headers=HTMX).content.decode()
    nothing = browser.post(f"{HOME}/customers/twins", {"email": "new@pedal.example"}, headers=HTMX).content.decode()

    assert "Marta Oliveira" in hint
    assert "same e-mail address" in hint
    assert "Marta" not in nothing


def test_change_is_saved_with_what_differs_only(browser: Client) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())

    response = browser.post(page(marta, "edit"), {**sent, "city": "Gouda"})

    assert response.status_code == 303
    change = Change.objects.get(record_id=marta.pk)
    assert (change.before, change.after) == ({"city": "Delft"}, {"city": "Gouda"})


def test_who_writes_at_once_chooses_between_both(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())
    records.update_record(
        actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht", "source": "fair"}
    )

    met = browser.post(page(marta, "edit"), {**sent, "city": "Gouda", "job_title": "Lead"})
    again = _sent_as_shown(met.content.decode())

    text = met.content.decode()
    assert met.status_code == 409
    assert "Ada changed this while you were writing." in text
    assert "Theirs: Utrecht" in text
    assert "Yours: Gouda" in text
    marta.refresh_from_db()
    assert (marta.city, marta.job_title) == ("Utrecht", "")

    kept = browser.post(page(marta, "edit"), {**again, "keep_city": "theirs"})
    marta.refresh_from_db()
    assert (kept.status_code, marta.city, marta.job_title, marta.source) == (303, "Utrecht", "Lead", "fair")


def test_own_value_can_win_a_conflict(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht"})
    again = _sent_as_shown(browser.post(page(marta, "edit"), {**sent, "city": "Gouda"}).content.decode())

    assert browser.post(page(marta, "edit"), {**again, "keep_city": "mine"}).status_code == 303

    marta.refresh_from_db()
    assert marta.city == "Gouda"


def test_change_of_another_field_is_no_conflict(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta Oliveira", given_name="Marta", family_name="Oliveira", city="Delft")
    sent = _sent_as_shown(browser.get(page(marta, "edit")).content.decode())
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"source": "fair"})

    assert browser.post(page(marta, "edit"), {**sent, "city": "Gouda"}).status_code == 303

    marta.refresh_from_db()
    assert (marta.city, marta.source) == ("Gouda", "fair")


def test_fact_is_changed_in_place(browser: Client) -> None:
    marta = make_customer("Marta", city="Delft")

    form = browser.get(page(marta, "facts/city"), headers=HTMX).content.decode()
    seen = json.dumps({"version": 1, "values": {"city": "Delft"}})
    saved = browser.post(page(marta, "facts/city"), {"city": "Gouda", "seen": seen}, headers=HTMX)

    assert 'name="city"' in form
    assert "Gouda" in saved.content.decode()
    assert json.loads(saved["HX-Trigger"])["toast"]["undo_url"]
    marta.refresh_from_db()
    assert marta.city == "Gouda"


def test_fact_that_is_refused_stays_open_with_the_reason(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta", email="marta@pedal.example", city="Delft")
    seen = json.dumps({"version": 1, "values": {"city": "Delft"}})
    records.update_record(actor=actor, record_type="customer", record_id=marta.pk, values={"city": "Utrecht"})

    refused = browser.post(page(marta, "facts/email"), {"email": "nobody"}, headers=HTMX)
    met = browser.post(page(marta, "facts/city"), {"city": "Gouda", "seen": seen}, headers=HTMX)

    assert (refused.status_code, met.status_code) == (422, 409)
    assert "is not an e-mail address" in refused.content.decode()
    assert "Theirs: Utrecht" in met.content.decode()
    assert browser.get(page(marta, "facts/city")).status_code == 303  # without htmx: the form of all fields
    assert browser.get(page(marta, "facts/nothing"), headers=HTMX).status_code == 404


@pytest.mark.parametrize("seen", ["", "{", "[]", '{"values": 3}', '{"version": "x"}', "null"])
def test_nonsense_in_what_was_seen_is_no_error(browser: Client, seen: str) -> None:
    marta = make_customer("Marta", city="Delft")

    assert browser.post(page(marta, "facts/city"), {"city": "Gouda", "seen": seen}, headers=HTMX).status_code == 200


def test_customer_is_put_in_the_bin_and_comes_back(browser: Client) -> None:
    marta = make_customer()

    response = browser.post(page(marta, "bin"))
    assert (response.status_code, browser.get(page(marta)).status_code) == (303, 404)
    text = browser.get(f"{HOME}/records/bin").content.decode()
    assert "Marta Oliveira" in text
    assert "Ada" in text
    assert "Marta" in browser.get(f"{HOME}/records/bin?q=olivei").content.decode()
    assert "Nothing in the bin matches" in browser.get(f"{HOME}/records/bin?q=rui").content.decode()

    browser.post(f"{HOME}/records/bin/customer/restore", {"ids": [str(marta.pk), "nonsense"]})

    assert browser.get(page(marta)).status_code == 200


# --- what hangs on a customer


def test_small_forms_add_change_and_remove(browser: Client) -> None:
    marta, firm = make_customer(), make_organisation()

    assert browser.post(page(marta, "addresses/new"), {"purpose": "main"}).status_code == 422
    assert (
        browser.post(page(marta, "addresses/new"), {"purpose": "main", "street": "Kade 1", "city": "Delft"}).status_code
        == 303
    )
    address = Address.objects.get()
    assert (
        browser.post(page(marta, f"addresses/{address.pk}"), {"purpose": "billing", "street": "Kade 2"}).status_code
        == 303
    )
    address.refresh_from_db()
    assert (address.street, address.city, address.purpose) == ("Kade 2", "", "billing")
    assert browser.post(page(marta, f"addresses/{address.pk}/remove")).status_code == 303

    assert browser.post(page(marta, "identities/new"), {"kind": "email", "value": "m@home.example"}).status_code == 303
    taken = browser.post(page(firm, "identities/new"), {"kind": "email", "value": "m@home.example"})
    assert taken.status_code == 422
    assert f"merge?other={marta.pk}" in taken.content.decode()

    assert (
        browser.post(
            page(firm, "relationships/new"), {"type": "works_at__inverse", "to": str(marta.pk), "role": "Lead"}
        ).status_code
        == 303
    )
    row = Relationship.objects.get()
    assert (row.from_customer_id, row.to_customer_id) == (marta.pk, firm.pk)
    assert (
        browser.post(page(firm, f"relationships/{row.pk}"), {"role": "CFO", "since": "2026-01-01"}).status_code == 303
    )
    assert browser.post(page(marta, f"relationships/{row.pk}/remove")).status_code == 303
    assert (Address.objects.count(), Relationship.objects.count()) == (0, 0)

    browser.post(page(marta, "tags"), {"add": "vip, fleet"})
    browser.post(page(marta, "tags"), {"remove": "vip"})
    marta.refresh_from_db()
    assert marta.tags == ["fleet"]


def test_relationship_is_chosen_without_a_script(browser: Client) -> None:
    marta, firm = make_customer(), make_organisation()

    searched = browser.post(page(marta, "relationships/new"), {"type": "works_at", "to__q": "pedal"})

    assert searched.status_code == 422
    assert f'value="{firm.pk}"' in searched.content.decode()


def test_people_of_an_organisation_are_listed(browser: Client) -> None:
    firm, marta = make_organisation(), make_customer(job_title="Fleet lead")
    make_relation(marta, "works_at", firm)

    text = browser.get(page(firm)).content.decode()

    assert "Show the touch points of these people too" in text
    assert "Fleet lead" in text
    assert "1 person" in text
    assert "Show only their own touch points" in browser.get(page(firm, "?people=1")).content.decode()


def test_file_is_taken_in_and_given_out_harmless(browser: Client) -> None:
    marta = make_customer()
    evil = SimpleUploadedFile("../../evil\r\n.html", b"<script>alert(1)</script>", content_type="text/html")

    assert browser.post(page(marta, "files/new"), {"file": evil}).status_code == 303
    row = CustomerFile.objects.get()
    response = browser.get(page(marta, f"files/{row.pk}"))

    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"  # type: ignore[attr-defined]
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert "\n" not in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert browser.get(page(make_customer("Rui"), f"files/{row.pk}")).status_code == 404
    browser.post(page(marta, f"files/{row.pk}/remove"))
    assert browser.get(page(marta, f"files/{row.pk}")).status_code == 404


def test_file_that_is_too_large_is_refused_before_it_is_read(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from rapport.stores.customers.views import files as view

    marta = make_customer()
    monkeypatch.setattr(view, "LARGEST_BYTES", 1000)
    monkeypatch.setattr(view, "SLACK", 500)

    announced = browser.post(page(marta, "files/new"), {"file": SimpleUploadedFile("big.bin", b"x" * 5000)})
    monkeypatch.setattr(view, "SLACK", 1_000_000)
    streamed = browser.post(page(marta, "files/new"), {"file": SimpleUploadedFile("big.bin", b"x" * 200_000)})

    assert announced.status_code == 413
    assert streamed.status_code == 422
    assert not CustomerFile.objects.exists()


def test_upload_needs_the_token(ada: User, client_for: Callable[[User], Client]) -> None:
    marta = make_customer()
    strict = client_for(ada)
    strict.handler.enforce_csrf_checks = True

    response = strict.post(page(marta, "files/new"), {"file": SimpleUploadedFile("a.txt", b"hello")})

    assert response.status_code == 403
    assert not CustomerFile.objects.exists()


# --- merging, history, export


def test_merge_is_chosen_field_by_field_and_taken_back(browser: Client) -> None:
    marta, twin = (
        make_customer("Marta", city="Delft"),
        make_customer("M. Oliveira", city="Utrecht", phone="+31105550142"),
    )

    asked = browser.get(page(marta, "merge")).content.decode()
    compared = browser.get(page(marta, f"merge?other={twin.pk}")).content.decode()
    done = browser.post(
        page(marta, "merge"),
        {"other": str(twin.pk), "merge": "1", "choose_city": "absorbed", "choose_name": "surviving"},
    )

    assert "Who else is Marta?" in asked
    assert 'name="choose_city"' in compared
    assert (done.status_code, done["Location"]) == (303, page(marta))
    marta.refresh_from_db()
    assert (marta.name, marta.city, marta.phone) == ("Marta", "Utrecht", "+31105550142")
    shown = browser.get(page(marta)).content.decode()
    assert "M. Oliveira was merged into this customer by Ada" in shown

    merge_id = shown.partition("/merges/")[2].partition("/")[0]
    assert browser.post(page(marta, f"merges/{merge_id}/undo")).status_code == 303
    marta.refresh_from_db()
    assert (marta.city, marta.phone, browser.get(page(twin)).status_code) == ("Delft", "", 200)


def test_customer_cannot_be_merged_with_itself(browser: Client, actor: Actor) -> None:
    marta, twin = make_customer(), make_customer("Twin")
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    for other in (marta.pk, twin.pk):
        response = browser.get(page(marta, f"merge?other={other}"))
        assert response.status_code == 422
        assert "This is the same customer." in response.content.decode()
    assert browser.get(page(marta, "merge?other=nonsense")).status_code == 200


def test_duplicates_are_looked_for_reviewed_and_dismissed(browser: Client) -> None:
    one, other = make_customer("Marta", email="m@pedal.example"), make_customer("M. Oliveira", email="m@pedal.example")

    assert "No pair waits for you" in browser.get(f"{HOME}/customers/duplicates/").content.decode()
    browser.post(f"{HOME}/customers/duplicates/look")
    text = browser.get(f"{HOME}/customers/duplicates/").content.decode()

    assert f"{one.pk}/merge?other={other.pk}" in text or f"{other.pk}/merge?other={one.pk}" in text
    assert "both: m@pedal.example" in text
    proposal = text.partition("/duplicates/")[2].partition("/dismiss")[0].rpartition("/")[2]
    browser.post(f"{HOME}/customers/duplicates/{proposal}/dismiss")
    assert "M. Oliveira" not in browser.get(f"{HOME}/customers/duplicates/").content.decode()


def test_history_tells_who_what_and_offers_undo(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta", city="Delft")
    _, operation = records.update_record(
        actor=actor,
        record_type="customer",
        record_id=marta.pk,
        values={"city": "Utrecht", "owner": str(actor.member_id)},
    )
    assert operation is not None

    text = browser.get(page(marta, "history")).content.decode()

    assert "<del>Delft</del>" in text
    assert "<ins>Utrecht</ins>" in text
    assert "<ins>Ada</ins>" in text
    assert f"operations/{operation.id}/undo" in text
    browser.post(f"{HOME}/records/operations/{operation.id}/undo")
    assert "Taken back by Ada" in browser.get(page(marta, "history")).content.decode()
    marta.refresh_from_db()
    assert marta.city == "Delft"


def test_long_history_is_told_in_pieces(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta")
    for number in range(55):
        records.update_record(
            actor=actor, record_type="customer", record_id=marta.pk, values={"city": f"City {number}"}
        )

    first = browser.get(page(marta, "history")).content.decode()
    before = first.partition("?before=")[2].partition('"')[0]
    second = browser.get(page(marta, f"history?before={before}"), headers=HTMX).content.decode()

    assert "City 54" in first
    assert "City 3<" not in first
    assert "City 3<" in second
    assert "added this" in second
    assert "<html" not in second


def test_recent_changes_name_records_and_can_be_undone(browser: Client, actor: Actor) -> None:
    marta = make_customer("Marta", actor=actor)
    records.update_records(
        actor=actor, record_type="customer", ids=[marta.pk], values={"city": "Delft"}, label="Assigned"
    )

    text = browser.get(f"{HOME}/records/changes").content.decode()

    assert text.count(page(marta)) == 2
    assert "changed together" in text
    assert text.count("/undo") == 2


def test_export_holds_everything_one_may_read_and_is_written_down(browser: Client, actor: Actor) -> None:
    marta = furnished(actor)

    response = browser.get(page(marta, "export"))
    document = json.loads(b"".join(response.streaming_content))  # type: ignore[attr-defined]

    assert response["Content-Disposition"] == 'attachment; filename="Marta Oliveira.json"'
    assert document["customer"]["email"] == "marta@pedal.example"
    assert document["customer"]["shoe"] == "Marta Oliveira"
    assert len(document["ids"]) == 2
    assert {each["kind"] for each in document["identities"]} == {"email", "phone", "external"}
    assert [each["street"] for each in document["addresses"]] == ["Marta Oliveira"]
    assert {each["label"] for each in document["relationships"]} == {"works at", "knows"}
    assert {"added", "merged", "created"} <= {each["action"] for each in document["history"]}
    assert "touchpoints" in document
    assert AuditEntry.objects.get(action="customer_exported").subject_id == str(marta.pk)


# --- the way to the next


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


def test_touch_points_of_people_come_along_when_asked_for(
    browser: Client, actor: Actor, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    firm, marta, twin = make_organisation(), make_customer(), make_customer("Twin")
    make_relation(marta, "works_at", firm)
    for who, words in ((firm, "of the firm"), (marta, "of Marta"), (twin, "of her twin")):
        browser.post(page(who, "touchpoints/"), {"kind": "note", "body": words})
    merge_customers(actor=actor, surviving_id=marta.pk, absorbed_id=twin.pk)

    alone = browser.get(page(firm)).content.decode()
    with django_assert_max_num_queries(15):
        together = browser.get(page(firm, "?people=1")).content.decode()
    filtered = browser.get(page(firm, "timeline/?people=1&q=twin"), headers=HTMX).content.decode()

    assert "of the firm" in alone
    assert "of Marta" not in alone
    for words in ("of the firm", "of Marta", "of her twin"):
        assert words in together
    assert together.count(">Marta Oliveira</a>: ") == 2
    assert "of her twin" in filtered
    assert "of the firm" not in filtered

"""Who may see and do what on the pages of customers."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from rapport.foundation.accounts.models import User
from rapport.foundation.records.models import Operation
from rapport.foundation.records.services import records
from rapport.foundation.workspace.models import Member
from rapport.foundation.workspace.types import Action, Actor, FieldAccess, RowRule, Rows
from rapport.stores.customers.models import Address, Customer, CustomerFile, Identity
from rapport.stores.customers.services import addresses, contact_points
from rapport.stores.customers.tests.factories import make_customer, make_relation
from rapport.stores.customers.tests.pages.factories import HOME, HTMX, furnished, page


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
        body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]  # a file is answered as a stream
        said = body.decode().replace("q=secret", "").replace('value="secret"', "")
        assert "ecret" not in said.replace("“secret”", ""), url
    assert blind.get(page(marta, "facts/email"), headers=HTMX).status_code == 404
    assert blind.post(page(marta, "facts/email"), {"email": "mine@pedal.example"}, headers=HTMX).status_code == 404
    marta.refresh_from_db()
    assert marta.email == "secret2@pedal.example"

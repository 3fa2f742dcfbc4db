from __future__ import annotations

from decimal import Decimal

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.template import Context, Template
from django.test import SimpleTestCase

from rapport.foundation.ui.forms import DateInput, Form, MoneyField, MoneyInput, Switch, TagsInput

check = SimpleTestCase()


class Person(Form):
    name = forms.CharField(label="Name", help_text="As it stands on letters.")
    kind = forms.ChoiceField(choices=[("person", "Person")])
    reached_by = forms.MultipleChoiceField(
        choices=[("email", "Email"), ("sms", "SMS")], widget=forms.CheckboxSelectMultiple
    )
    active = forms.BooleanField(required=False, widget=Switch)
    born_on = forms.DateField(required=False, widget=DateInput)


class Foreign(forms.Form):
    """A form of another package, which knows nothing of the look."""

    login = forms.EmailField()


def drawn(form: forms.Form) -> str:
    return Template("{% load ui %}{% fields form %}").render(Context({"form": form}))


def test_help_and_error_are_linked_to_the_field() -> None:
    html = drawn(Person({}))

    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert "is-invalid" in html


def test_every_field_has_a_label_or_a_legend() -> None:
    html = drawn(Person())

    assert '<label class="form-label" for="id_name">' in html
    assert "<legend" in html
    assert '<label class="r-check" for="id_reached_by_0">' in html
    assert '<label class="r-check" for="id_active">' in html


def test_widgets_wear_the_look() -> None:
    html = drawn(Person())

    assert 'class="form-control" required aria-describedby="id_name_helptext" id="id_name"' in html
    assert 'class="form-select"' in html
    assert html.count("form-check-input") == 3
    assert 'type="date"' in html


def test_forms_of_other_packages_wear_it_too() -> None:
    assert 'class="form-control"' in drawn(Foreign())


def test_a_form_draws_itself_the_same_way() -> None:
    assert "r-field" in str(Person())
    assert "r-field" in Person()["name"].as_field_group()


def test_errors_and_values_are_escaped() -> None:
    html = drawn(Foreign({"login": "<script>"}))

    assert "<script>" not in html


def test_errors_of_the_whole_form_come_first_and_are_announced() -> None:
    form = Foreign({"login": "ada@kestrel.example"})
    form.is_valid()
    form.add_error(None, "Two customers have this address.")

    html = drawn(form)

    assert html.index('role="alert"') < html.index("<label")
    assert "Two customers have this address." in html


def test_money_is_an_amount_and_a_currency() -> None:
    widget = MoneyInput([("EUR", "EUR"), ("USD", "USD")])

    html = widget.render("value", {"amount": "12.50", "currency": "USD"}, renderer=Form.default_renderer())

    assert 'value="12.50"' in html
    check.assertInHTML('<option value="USD" selected>USD</option>', html)


def test_an_amount_makes_money_and_a_currency_alone_does_not() -> None:
    field = MoneyField([("EUR", "EUR")], required=False)

    assert field.clean(["12.50", "EUR"]) == {"amount": Decimal("12.50"), "currency": "EUR"}
    assert field.clean(["", "EUR"]) is None
    with pytest.raises(ValidationError):
        field.clean(["12.50", "XXX"])
    with pytest.raises(ValidationError):
        MoneyField([("EUR", "EUR")]).clean(["", "EUR"])


def test_tags_are_words_with_commas_between() -> None:
    assert 'value="vip, recall"' in TagsInput().render("tags", ["vip", "recall"])

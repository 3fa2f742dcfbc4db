"""One line of text for what hangs on a customer, from the JSON form that changes hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rapport.foundation.lib.contact import readable_phone
from rapport.stores.customers.types import AddressPurpose, IdentityKind, Phase

Part = Mapping[str, Any]


def address_line(part: Part) -> str:
    town = " ".join(word for word in (part.get("postal_code"), part.get("city")) if word)
    line = ", ".join(word for word in (part.get("street"), town, part.get("region"), part.get("country")) if word)
    return f"{AddressPurpose(part['purpose']).label}: {line}"


def identity_line(part: Part) -> str:
    kind = IdentityKind(part["kind"])
    value = readable_phone(part["value"]) if kind is IdentityKind.PHONE else part["value"]
    return f"{part.get('namespace') or kind.label}: {value}"


def relationship_line(part: Part) -> str:
    role = f" ({part['role']})" if part.get("role") else ""
    span = " – ".join(day for day in (part.get("since"), part.get("until")) if day)
    line = f"{part.get('from_name', '')} {part.get('label', '')} {part.get('to_name', '')}{role}"
    return f"{line}, {span}" if span else line


def file_line(part: Part) -> str:
    return str(part["name"])


def phase_line(part: Part) -> str:
    return f"{Phase(part['phase']).label}, {part['since'][:10]}: {part['reason']}"

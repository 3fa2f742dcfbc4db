"""Reads bodies. Texts that no database column can hold are refused here, once for every resource."""

from __future__ import annotations

from typing import Any

import msgspec
from django.http import HttpRequest
from django.http.request import QueryDict
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from rapport.foundation.workspace.errors import Invalid

UNSTORABLE = "A text holds a character that cannot be stored: NUL, or half of a surrogate pair."


class StrictParser(Parser):
    """JSON by msgspec, which is strict about encoding and numbers."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            body = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ValueError(str(error)) from error
        if not _is_storable(body):
            raise Invalid({"body": UNSTORABLE})
        return body

    def parse_querydict(self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest) -> Any:
        for name in data if isinstance(data, QueryDict) else ():
            if not _is_storable([name, *data.getlist(name)]):
                raise Invalid({"query": UNSTORABLE})
        return super().parse_querydict(data, list_fields, request)


def _is_storable(value: Any) -> bool:
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            if "\x00" in one or (not one.isascii() and any("\ud800" <= letter <= "\udfff" for letter in one)):
                return False
        elif isinstance(one, dict):
            pending += one.keys()
            pending += one.values()
        elif isinstance(one, list):
            pending += one
    return True

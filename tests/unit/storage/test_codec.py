from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from tests.unit.storage import values

from privacydesk.storage import codec


@given(values.instants)
def test_instants_keep_every_microsecond(instant: datetime) -> None:
    assert codec.from_micros(codec.to_micros(instant)) == instant


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(TypeError):
        codec.to_micros(datetime(2026, 1, 1))  # noqa: DTZ001 - the point


@given(values.json_values)
def test_json_comes_back_as_it_was(value: Any) -> None:
    assert codec.from_json(codec.to_json(value)) == value


def test_any_mapping_is_written_as_an_object() -> None:
    frozen = MappingProxyType({"a": MappingProxyType({"b": (1, 2)})})
    assert codec.from_json(codec.to_json(frozen)) == {"a": {"b": [1, 2]}}


def test_missing_instants_stay_missing() -> None:
    assert codec.opt_micros(None) is None
    assert codec.opt_instant(None) is None


def test_surrogates_in_keys_are_replaced_too() -> None:
    assert codec.from_json(codec.to_json({"\ud800": ["\udfff", 1]})) == {"���": ["���", 1]}

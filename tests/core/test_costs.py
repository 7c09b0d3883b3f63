"""What a request did to the bill, as far as a client can tell."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from openai_code_interpreter._sansio.config import ContainerConfig
from openai_code_interpreter._sansio.costs import (
    RATES,
    UnusedContainerWarning,
    container_uses,
    estimate_cost,
    unused_container_warning,
)
from openai_code_interpreter._sansio.results import ContainerUse
from openai_code_interpreter.errors import InvalidInputError

TIERS = sorted(RATES)


@pytest.mark.parametrize(
    ("tier", "cost"), [("1g", "0.03"), ("4g", "0.12"), ("16g", "0.48"), ("64g", "1.92")]
)
def test_one_session_costs_what_is_published(tier, cost):
    assert estimate_cost(tier) == Decimal(cost)


def test_a_container_of_no_stated_size_has_the_smallest():
    assert estimate_cost() == estimate_cost("1g")
    assert estimate_cost(None) == Decimal("0.03")


@pytest.mark.parametrize(
    ("minutes", "sessions"), [(0.1, 1), (1, 1), (20, 1), (20.5, 2), (40, 2), (41, 3)]
)
def test_a_part_of_a_session_counts_as_a_whole(minutes, sessions):
    assert estimate_cost("4g", minutes=minutes) == sessions * Decimal("0.12")


@pytest.mark.parametrize(("minutes", "billed"), [(0.5, 5), (5, 5), (5.1, 6), (20, 20), (25, 25)])
def test_minutes_are_counted_whole_and_five_at_least(minutes, billed):
    found = estimate_cost("4g", minutes=minutes, per_minute=True)
    assert found == Decimal("0.006") * billed


@given(tier=st.sampled_from(TIERS), minutes=st.floats(0.01, 100_000))
def test_minutes_never_cost_more_than_sessions_and_longer_is_never_cheaper(tier, minutes):
    by_minute = estimate_cost(tier, minutes=minutes, per_minute=True)
    assert 0 < by_minute <= estimate_cost(tier, minutes=minutes)
    assert by_minute <= estimate_cost(tier, minutes=minutes + 1, per_minute=True)


@pytest.mark.parametrize("minutes", [0, -1, float("nan"), float("inf")])
def test_no_length_of_time_is_an_error(minutes):
    with pytest.raises(InvalidInputError, match="positive number of minutes"):
        estimate_cost("1g", minutes=minutes)


def test_own_rates_take_the_place_of_the_published_ones():
    assert estimate_cost("1g", minutes=40, rates={"1g": Decimal("0.05")}) == Decimal("0.10")
    with pytest.raises(InvalidInputError, match=r"no rate for memory_limit='4g'.*\['1g'\]"):
        estimate_cost("4g", rates={"1g": Decimal(1)})


def test_the_published_rates_cannot_be_changed_in_place():
    with pytest.raises(TypeError):
        RATES["1g"] = Decimal(0)


def test_an_auto_container_is_created_at_the_price_of_its_size():
    assert container_uses("auto", ["cntr_1"]) == [
        ContainerUse(
            container_id="cntr_1",
            how="created",
            memory_limit="1g",
            estimated_cost=Decimal("0.03"),
        )
    ]
    (use,) = container_uses(ContainerConfig(memory_limit="16g"), ["cntr_1", "cntr_1"])
    assert (use.memory_limit, use.estimated_cost) == ("16g", Decimal("0.48"))


def test_a_named_container_is_used_and_adds_nothing_that_can_be_told():
    (use,) = container_uses("cntr_1", ["cntr_1"], memory_limit="4g")
    assert (use.container_id, use.how, use.memory_limit) == ("cntr_1", "used", "4g")
    assert use.estimated_cost is None


def test_a_named_container_is_used_even_when_no_code_ran():
    assert [use.container_id for use in container_uses("cntr_1", [])] == ["cntr_1"]


def test_a_container_of_an_earlier_turn_is_used_again_not_created():
    uses = container_uses("auto", ["cntr_1", "cntr_2"], known=["cntr_1"])
    assert [(use.container_id, use.how) for use in uses] == [
        ("cntr_1", "used"),
        ("cntr_2", "created"),
    ]


def test_a_replacement_is_billed_and_names_what_it_replaces():
    (use,) = container_uses(
        "cntr_old", ["cntr_new"], memory_limit="4g", replaced=[("cntr_old", "cntr_new")]
    )
    assert (use.container_id, use.how, use.replaced_id) == ("cntr_new", "replaced", "cntr_old")
    assert use.estimated_cost == Decimal("0.12")


def test_every_container_of_a_chain_of_replacements_is_billed():
    pairs = [("cntr_1", "cntr_2"), ("cntr_2", "cntr_3")]
    uses = container_uses("cntr_1", ["cntr_3"], memory_limit="1g", replaced=pairs)
    assert [(use.container_id, use.replaced_id) for use in uses] == [
        ("cntr_2", "cntr_1"),
        ("cntr_3", "cntr_2"),
    ]


def test_a_replacement_of_unknown_size_has_no_estimate():
    (use,) = container_uses("cntr_1", [], replaced=[("cntr_1", "cntr_2")])
    assert (use.memory_limit, use.estimated_cost) == (None, None)


def test_auto_may_be_billed_though_no_code_ran():
    (use,) = container_uses("auto", [])
    assert (use.container_id, use.how) == (None, "created")
    assert use.estimated_cost == Decimal("0.03")


def test_going_on_with_a_container_bills_no_new_one_for_certain():
    (use,) = container_uses("auto", [], known=["cntr_1"])
    assert (use.container_id, use.how, use.estimated_cost) == (None, "used", None)


def test_a_request_without_the_tool_uses_no_container():
    assert container_uses(None, []) == []


def test_a_size_without_a_rate_has_no_estimate():
    (use,) = container_uses(ContainerConfig(memory_limit="64g"), ["cntr_1"], rates={})
    assert (use.memory_limit, use.estimated_cost) == ("64g", None)


def test_a_use_goes_to_json_and_back_and_cannot_be_changed():
    (use,) = container_uses("auto", ["cntr_1"])
    adapter = TypeAdapter(ContainerUse)
    assert adapter.validate_json(adapter.dump_json(use)) == use
    with pytest.raises(FrozenInstanceError):
        use.how = "used"


def test_a_container_billed_for_nothing_is_told_with_the_ways_out():
    warning = unused_container_warning(container_uses("auto", []))
    assert isinstance(warning, UnusedContainerWarning)
    for part in ("$0.03", "code_interpreter=False", "ManagedContainer", "result.container_id"):
        assert part in str(warning)


@pytest.mark.parametrize(
    "uses",
    [
        container_uses("auto", ["cntr_1"]),
        container_uses("cntr_1", []),
        container_uses("auto", [], known=["cntr_1"]),
        container_uses(None, []),
    ],
)
def test_nothing_is_told_where_code_ran_or_no_container_was_made(uses):
    assert unused_container_warning(uses) is None


@given(
    container=st.sampled_from(["auto", "cntr_a", ContainerConfig(memory_limit="4g"), None]),
    seen=st.lists(st.sampled_from(["cntr_a", "cntr_b", "cntr_c"])),
    known=st.lists(st.sampled_from(["cntr_a", "cntr_b"])),
)
def test_each_container_that_was_seen_is_told_exactly_once(container, seen, known):
    ids = [use.container_id for use in container_uses(container, seen, known=known)]
    assert set(seen) <= set(ids)
    assert len(ids) == len(set(ids))

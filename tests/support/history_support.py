"""Lists of input items, as they should be and as they should not, and what must hold of both."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

from hypothesis import strategies as st

from openai_code_interpreter.history import check, repair

ODD_VALUES = (
    None, 0, -1, 10**30, 1.5, True, "", "x", "\ud83d", "message", "reasoning", "rs_1", "call_1",
    "data:image/png;base64,AAAA", [], {}, [None], ["x", 1], {"type": "x"}, {"type": None}, [[]],
    [{"type": "output_text"}], [{"type": "image", "url": "data:,xx"}], {"id": "rs_1"},
)  # fmt: skip

ON_TERMS: list[dict[str, Any]] = [
    {},
    {"store": False},
    {"store": True, "container_id": "cntr_1"},
    {"store": False, "container_id": "cntr_9", "max_inline_bytes": 0, "continues": True},
    {"max_inline_bytes": 2, "continues": True},
    {"max_inline_bytes": None, "container_id": ""},
]


def said(text, *, role="assistant", **changes):
    kind = "output_text" if role == "assistant" else "input_text"
    part = {"type": kind, "text": text}
    if role == "assistant":
        part["annotations"] = []
    return {"type": "message", "role": role, "content": [part], **changes}


def thought(name, **changes):
    return {"type": "reasoning", "id": name, "summary": [], **changes}


def ran(name, *, container="cntr_1", code="print(1)", **changes):
    return {
        "type": "code_interpreter_call",
        "id": name,
        "container_id": container,
        "code": code,
        "status": "completed",
        "outputs": None,
        **changes,
    }


def asked(name, call_id, **changes):
    item = {"type": "function_call", "id": name, "call_id": call_id, "name": "add"}
    return {**item, "arguments": "{}", **changes}


def answered(call_id, output="3", **changes):
    return {"type": "function_call_output", "call_id": call_id, "output": output, **changes}


# The words of the strategies: few names, so that items meet their doubles and partners.
_numbers = st.sampled_from("123")
_call_ids = _numbers.map("call_{}".format)
_urls = st.sampled_from(
    ["data:image/png;base64,AAAAAAAA", "data:text/plain,abc", "https://x/y.png"]
)
_parts = st.one_of(
    st.builds(lambda text: {"type": "input_text", "text": text}, st.sampled_from(["", "a", "b"])),
    st.builds(lambda url: {"type": "input_image", "image_url": url}, _urls),
    st.builds(lambda url: {"type": "input_file", "filename": "f", "file_data": url}, _urls),
    st.just({"type": "refusal", "refusal": "no"}),
)
_outputs = st.none() | st.lists(
    st.builds(lambda url: {"type": "image", "url": url}, _urls)
    | st.just({"type": "logs", "logs": "1"}),
    max_size=2,
)
_roles = st.sampled_from(["assistant", "assistant", "user", "developer"])

items = st.one_of(
    st.builds(lambda n, enc: thought(f"rs_{n}", **enc), _numbers,
              st.sampled_from([{}, {"encrypted_content": "gAAA"}])),
    st.builds(lambda n, box, status, outputs: ran(f"ci_{n}", container=f"cntr_{box}",
              status=status, outputs=outputs),
              _numbers, _numbers, st.sampled_from(["completed", "failed", "in_progress"]),
              _outputs),
    st.builds(lambda n, text, role: said(text, role=role, id=f"msg_{n}"),
              _numbers, st.sampled_from(["", "a", "b"]), _roles),
    st.builds(lambda role, parts: {"role": role, "content": parts}, _roles,
              st.lists(_parts, max_size=3)),
    st.builds(lambda n, call_id: asked(f"fc_{n}", call_id), _numbers, _call_ids),
    st.builds(answered, _call_ids,
              st.just("3") | st.lists(_parts, max_size=2)),
    st.builds(lambda n: {"type": "item_reference", "id": f"rs_{n}"}, _numbers),
    st.builds(lambda n: {"id": f"msg_{n}"}, _numbers),
    st.builds(lambda n: {"type": "web_search_call", "id": f"ws_{n}", "status": "completed"},
              _numbers),
    st.builds(lambda n, call: {"type": "custom_tool_call", "id": f"ctc_{n}", "call_id": call},
              _numbers, _call_ids),
)  # fmt: skip
"""One plausible item."""

junk = st.recursive(
    st.sampled_from(ODD_VALUES) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "id", "role", "content", "summary", "output", "call_id"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)
"""Anything that JSON can hold."""


def mangled(value, chance, rate):
    """A copy in which some fields hold something else, and some are missing."""
    if chance.random() < rate:
        return copy.deepcopy(chance.choice(ODD_VALUES))
    if isinstance(value, dict):
        kept = [key for key in value if chance.random() >= rate / 2]
        return {key: mangled(value[key], chance, rate) for key in kept}
    if isinstance(value, list):
        return [mangled(one, chance, rate) for one in value]
    return value


def mutilated(given, seed):
    """A copy of a list with items dropped, doubled, swapped, cut off or mangled."""
    chance = random.Random(seed)
    found = copy.deepcopy(list(given))
    for _ in range(chance.randrange(1, 6)):
        if not found:
            break
        place, other = chance.randrange(len(found)), chance.randrange(len(found))
        match chance.choice(["drop", "double", "swap", "cut", "mangle"]):
            case "drop":
                del found[place]
            case "double":
                found.insert(other, copy.deepcopy(found[place]))
            case "swap":
                found[place], found[other] = found[other], found[place]
            case "cut":
                del found[max(place, 1) :]
            case "mangle":
                found[place] = mangled(found[place], chance, 0.15)
    return found


def assert_repairable(given):
    """On any terms, a list is left without problems, in one go, and is itself left alone."""
    before = json.dumps(given)
    for terms in ON_TERMS:
        problems = check(given, **terms)
        fixed = repair(given, **terms)
        assert check(fixed, **terms) == [], (terms, fixed)
        assert repair(fixed, **terms) == fixed
        assert bool(problems) == (fixed != given), (terms, problems, fixed)
    assert json.dumps(given) == before

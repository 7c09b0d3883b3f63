"""The stand-in's answers held against recordings of the real API: shapes, and order of events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from event_order import TERMINALS, check_stream
from openai_code_interpreter.testing import (
    CallFunction,
    Refuse,
    RejectRequest,
    RunCode,
    Say,
    StandInServer,
    StreamError,
    Think,
    Turn,
)
from shapes import events_of, shapes_of
from stand_in_support import ASK, OUTPUTS, PLOT, client_of, http, stream

pytestmark = pytest.mark.timeout(120)

RECORDINGS = Path(__file__).parents[3] / "shared" / "recordings"

# Keys of current responses that are younger than the recordings.
CAME_SINCE = {"completed_at", "frequency_penalty", "moderation", "presence_penalty"}

# What was compared when this was written: kinds of objects, sets of keys, keys with types.
COMPARED = (57, 65, 347)

QUOTA = "insufficient_quota"


def recorded_bodies():
    """All recorded JSON bodies and events."""
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings of the real API at {RECORDINGS}")
    for path in sorted(RECORDINGS.iterdir()):
        if path.suffix == ".sse":
            yield from events_of(path.read_text(encoding="utf-8"))
        elif path.suffix == ".json" and not path.name.endswith(".meta.json"):
            yield json.loads(path.read_text(encoding="utf-8"))


def turns():
    """Turns that bring every kind of object that was recorded."""
    shown = RunCode(f"print('a')\n{PLOT}plt.savefig('p.png')\nplt.show()")
    work = [Think("Hm."), shown, Say("See [p](sandbox:/mnt/data/p.png)."), Think()]
    error = StreamError(after_events=2, code=QUOTA, message="No.")
    return [
        Turn(*work, when="everything"),
        Turn(*work, when="everything streamed"),
        Turn(*work, when="nothing included"),
        Turn(*work, when="not padded"),
        Turn(*work, when="everything in background"),
        Turn(when="error", faults=[error]),
        Turn(when="quota", faults=[RejectRequest(429, "No.", code=QUOTA, type=QUOTA)]),
    ]


def stand_in_bodies():
    """All JSON bodies and events that the stand-in sends to a client that does everything."""
    with StandInServer(turns()) as one:

        def send(method, path, body=None):
            return http(one, path, method=method, body=body)[2].decode()

        def respond(text, **changes):
            return send("POST", "/v1/responses", {**ASK, "input": text, **changes})

        include = [*OUTPUTS, "reasoning.encrypted_content"]
        yield json.loads(respond("everything"))
        yield from events_of(respond("everything streamed", stream=True, include=include))
        yield from events_of(respond("nothing included", stream=True, include=[]))
        unpadded = {"include_obfuscation": False}
        yield from events_of(respond("not padded", stream=True, stream_options=unpadded))
        in_background = {"background": True, "store": True, "include": include}
        yield from events_of(respond("everything in background", stream=True, **in_background))
        yield from events_of(respond("error", stream=True))
        yield json.loads(respond("quota"))

        client = client_of(one)
        upload = client.files.create(file=("a.csv", b"1"), purpose="user_data")
        yield json.loads(send("GET", f"/v1/files/{upload.id}"))
        yield json.loads(send("GET", "/v1/containers?limit=2"))
        limits = {"memory_limit": "4g", "network_policy": {"type": "disabled"}}
        yield json.loads(send("POST", "/v1/containers", {"name": "x", **limits}))
        made = json.loads(send("POST", "/v1/containers", {"name": "x"}))
        yield made
        path = f"/v1/containers/{made['id']}"
        yield json.loads(send("GET", f"{path}/files"))
        file = json.loads(send("POST", f"{path}/files", {"file_id": upload.id}))
        yield file
        yield json.loads(send("GET", f"{path}/files"))
        yield json.loads(send("GET", f"{path}/files/{file['id']}"))
        yield json.loads(send("DELETE", f"{path}/files/{file['id']}"))
        one.advance(minutes=25)
        yield json.loads(send("GET", path))
        yield json.loads(send("DELETE", path))


@pytest.fixture(scope="module")
def recorded():
    return shapes_of(recorded_bodies())


@pytest.fixture(scope="module")
def ours():
    pytest.importorskip("matplotlib")
    return shapes_of(stand_in_bodies())


# Newer responses count what other tools used; the stand-in has no other tools.
OF_OTHER_TOOLS = {
    "input_tokens_details of response object",
    "output_tokens_details of response object",
}


@pytest.mark.recordings
def test_every_kind_of_object_that_was_recorded_is_sent(recorded, ours):
    assert set(recorded) - set(ours) == OF_OTHER_TOOLS


def is_recorded(kind, keys, variants):
    """Whether an object of this kind was recorded with these keys.

    Padding is the request's choice; a response grew keys one by one, so that a current one has
    together what the recordings have in several.
    """
    if kind == "response object":
        known = keys - CAME_SINCE
        return known <= frozenset.union(*variants) and any(known >= other for other in variants)
    return keys in variants or keys | {"obfuscation"} in variants


@pytest.mark.recordings
def test_every_object_has_a_recorded_set_of_keys(recorded, ours):
    different = {
        (kind, tuple(sorted(keys)))
        for kind in set(recorded) & set(ours)
        for keys in ours[kind]
        if not is_recorded(kind, keys, recorded[kind])
    }
    assert not different


@pytest.mark.recordings
def test_every_value_has_a_recorded_type(recorded, ours):
    different = {}
    for kind in set(recorded) & set(ours):
        known = {}
        for types in recorded[kind].values():
            for key, names in types.items():
                known.setdefault(key, set()).update(names)
        for types in ours[kind].values():
            for key, names in types.items():
                if key in known and not names <= known[key]:
                    different[kind, key] = (sorted(names), sorted(known[key]))
    assert different == {}


@pytest.mark.recordings
def test_as_many_shapes_are_compared_as_ever(recorded, ours):
    kinds = set(recorded) & set(ours)
    shapes = sum(len(ours[kind]) for kind in kinds)
    values = sum(len(types) for kind in kinds for types in ours[kind].values())
    print(f"compared {len(kinds)} kinds of objects in {shapes} shapes with {values} typed keys")
    found = (len(kinds), shapes, values)
    assert all(now >= then for now, then in zip(found, COMPARED, strict=True))


# --- The order of events -------------------------------------------------------------------


def whole_streams():
    """The recorded streams that have a beginning and an end, and no error between, by name."""
    for path in sorted(RECORDINGS.glob("*.sse")):
        events = events_of(path.read_text(encoding="utf-8"))
        kinds = [event["type"] for event in events]
        if kinds[0] == "response.created" and kinds[-1] in TERMINALS and "error" not in kinds:
            yield path.name, events


@pytest.mark.recordings
def test_the_rules_of_order_are_those_of_the_recorded_streams():
    if not RECORDINGS.is_dir():
        pytest.skip(f"no recordings of the real API at {RECORDINGS}")
    found = dict(whole_streams())
    for events in found.values():
        check_stream(events)
    assert len(found) >= 6


CODES = [
    "1",
    "print('é😀')\r\n",
    "x = 1\r\n\r\ny = 2",
    "open('a.csv', 'w').write('1')",
    "open('b 2.txt', 'w').write('2')",
    "1 / 0",
    "",
]
PIECES = ["See ", "é😀 ", "[a](sandbox:/mnt/data/a.csv)", " and sandbox:/mnt/data/b 2.txt", "\r\n"]

STEPS = st.one_of(
    st.builds(Think, st.sampled_from(["", "Hm.", "One\n\n two 😀"]), encrypted=st.booleans()),
    st.builds(RunCode, st.sampled_from(CODES)),
    st.builds(Say, st.lists(st.sampled_from(PIECES), max_size=6).map("".join)),
    st.builds(CallFunction, st.just("f"), st.sampled_from(["{}", "{broken", '{"a":"é"}'])),
    st.builds(Refuse, st.sampled_from(["No.", "I will not."])),
)


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    steps=st.lists(STEPS, max_size=6), include=st.sampled_from([[], OUTPUTS]), padded=st.booleans()
)
def test_every_scenario_keeps_the_recorded_order_of_events(steps, include, padded):
    with StandInServer([Turn(*steps)]) as one:
        options = {"include_obfuscation": padded}
        check_stream(stream(one, include=include, stream_options=options))


def test_a_picture_and_a_saved_file_keep_the_recorded_order_of_events(serve):
    pytest.importorskip("matplotlib")
    shown = RunCode(f"{PLOT}plt.savefig('p.png')\nplt.show()")
    events = stream(serve(Turn(shown, Say("😀 [p](sandbox:/mnt/data/p.png)"), shown, Say("Bye."))))
    check_stream(events)
    notes = [event["annotation"] for event in events if "annotation" in event]
    assert len(notes) == 3

"""What the Python suites share: the server, and the clients' own idea of what it may answer."""

import os
import typing

import openai
import pydantic
from openai.types import responses as types

BASE_URL = os.environ["JAN_BASE_URL"]
TOKEN = os.environ["JAN_TOKEN"]
TOOLS_URL = os.environ["TOOLS_URL"]
MODEL = "scripted-1"


def connect(**options):
    options = {"api_key": TOKEN, "max_retries": 0, "timeout": 30, **options}
    return openai.OpenAI(base_url=BASE_URL, **options)


def said(text):
    return [{"role": "user", "content": text}]


def kinds_of(union):
    members = typing.get_args(typing.get_args(union)[0])
    return {typing.get_args(one.model_fields["type"].annotation)[0]: one for one in members}


EVENTS = kinds_of(types.ResponseStreamEvent)


def check(model, raw):
    """The clients build their objects without looking; here every field is held against its type."""
    return pydantic.TypeAdapter(model).validate_python(raw, strict=False)


def check_event(raw):
    """One event of a stream. Errors are nested, as OpenAI sends them and against its own types."""
    if raw["type"] == "error":
        assert raw["error"]["message"], raw
        return
    check(EVENTS[raw["type"]], raw)


def check_stream(events):
    """What holds of every stream of a response, whatever happens in it."""
    raw = [event if isinstance(event, dict) else event.to_dict() for event in events]
    for event in raw:
        check_event(event)
    kinds = [event["type"] for event in raw]
    last = {"response.completed", "response.failed", "response.incomplete"}
    assert kinds[0] == "response.created", kinds
    assert kinds[-1] in last and not last.intersection(kinds[:-1]), kinds
    assert [event["sequence_number"] for event in raw] == list(range(len(raw))), raw
    assert len({event["response"]["id"] for event in raw if "response" in event}) == 1
    added = {event["output_index"]: event["item"] for event in raw
             if event["type"] == "response.output_item.added"}
    done = {event["output_index"]: event["item"] for event in raw
            if event["type"] == "response.output_item.done"}
    assert list(added) == list(range(len(added))), added
    assert raw[-1]["response"]["output"] == [done[place] for place in sorted(done)]
    for event in raw:
        if "item_id" in event:
            assert event["item_id"] == added[event["output_index"]]["id"], event
    if kinds[-1] == "response.completed":
        assert added.keys() == done.keys()
    return kinds

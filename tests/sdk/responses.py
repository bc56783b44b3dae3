"""What a Python program that uses `openai` does with responses."""

import asyncio
import time
import unittest

import openai
from openai.types import responses as types
from pydantic import BaseModel

from kit import BASE_URL, MODEL, TOKEN, TOOLS_URL, check, check_stream, connect, said

LOOK_UP = {
    "type": "function",
    "name": "look_up",
    "description": "Looks a city's weather up.",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
LOGPROBS = ["message.output_text.logprobs"]
SLOW = "count to 400 [frame_ms=30]"


def server(approval, **more):
    return {"type": "mcp", "server_label": "tools", "server_url": TOOLS_URL,
            "require_approval": approval, **more}


def answer_to(call, output):
    return {"type": "function_call_output", "call_id": call.call_id, "output": output}


class Weather(BaseModel):
    city: str
    degrees: float
    days: list[str]


class Case(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.addCleanup(self.client.close)
        self.responses = self.client.responses

    def ask(self, text, **more):
        told = self.responses.create(**{"model": MODEL, "input": text, **more})
        if not more.get("stream"):
            check(types.Response, told.to_dict())
        return told

    def ended(self, response_id, within=20):
        end = time.monotonic() + within
        while (found := self.responses.retrieve(response_id)).status in ("queued", "in_progress"):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.1)
        check(types.Response, found.to_dict())
        return found


class Whole(Case):
    def test_a_whole_answer(self):
        told = self.ask("reply exactly Hello there", metadata={"topic": "tea"})
        self.assertRegex(told.id, "^resp_")
        self.assertEqual((told.object, told.status), ("response", "completed"))
        self.assertEqual(told.output_text, "Hello there")
        self.assertEqual(told.metadata, {"topic": "tea"})
        self.assertEqual(told.usage.total_tokens,
                         told.usage.input_tokens + told.usage.output_tokens)
        self.assertTrue(told._request_id)
        self.assertEqual(self.responses.retrieve(told.id).to_dict(), told.to_dict())

    def test_an_answer_is_parsed_by_its_schema(self):
        told = self.responses.parse(model=MODEL, input="the weather", text_format=Weather)
        self.assertIsInstance(told.output_parsed, Weather)
        self.assertEqual(told.text.format.type, "json_schema")

    def test_instructions_hold_for_one_response(self):
        first = self.ask("remember that tea is green", instructions="Be brief.")
        second = self.ask("echo prompt", previous_response_id=first.id)
        self.assertNotIn("Be brief", second.output_text)
        self.assertEqual(second.previous_response_id, first.id)
        third = self.ask("what is tea?", previous_response_id=second.id)
        self.assertEqual(third.output_text, "green")

    def test_log_probabilities(self):
        told = self.ask("reply exactly a b", include=LOGPROBS, top_logprobs=2)
        tokens = told.output[0].content[0].logprobs
        self.assertEqual([len(token.top_logprobs) for token in tokens], [2, 2])
        self.assertEqual("".join(token.token for token in tokens), told.output_text)

    def test_a_limit(self):
        told = self.ask("count to 50", max_output_tokens=16)
        self.assertEqual(told.status, "incomplete")
        self.assertEqual(told.incomplete_details.reason, "max_output_tokens")

    def test_thoughts(self):
        told = self.ask("think it is warm then reply tea", reasoning={"effort": "low"})
        self.assertEqual([item.type for item in told.output], ["reasoning", "message"])
        self.assertEqual(told.output_text, "tea")
        sealed = self.ask("think it is warm then reply tea", store=False,
                          include=["reasoning.encrypted_content"])
        self.assertTrue(sealed.output[0].encrypted_content)
        for output in [told.output, sealed.output]:
            again = self.ask(output + said("reply exactly on"), store=False)
            self.assertEqual(again.output_text, "on")

    def test_an_own_history(self):
        told = self.ask("remember that tea is green", store=False)
        history = [*said("remember that tea is green"), *told.output, *said("what is tea?")]
        self.assertEqual(self.ask(history, store=False).output_text, "green")
        with self.assertRaises(openai.NotFoundError):
            self.responses.retrieve(told.id)

    def test_deletion(self):
        told = self.ask("hello")
        self.assertIsNone(self.responses.delete(told.id))
        with self.assertRaises(openai.NotFoundError):
            self.responses.retrieve(told.id)

    def test_input_items_are_paged(self):
        told = self.ask([message for number in range(5) for message in said(str(number))])
        for order, wanted in [("asc", "01234"), ("desc", "43210")]:
            items = list(self.responses.input_items.list(told.id, order=order, limit=2))
            self.assertEqual("".join(item.content[0].text for item in items), wanted)
            for item in items:
                check(types.ResponseItem, item.to_dict())

    def test_input_tokens_are_counted(self):
        counted = self.responses.input_tokens.count(model=MODEL, input="one two three")
        self.assertEqual(counted.object, "response.input_tokens")
        self.assertGreater(counted.input_tokens, 0)

    def test_a_context_is_compacted(self):
        asked = said("remember that tea is green")
        raw = self.responses.with_raw_response.compact(model=MODEL, input=asked).http_response.json()
        # The client knows no user's message among the output items; OpenAI's answer has one, too.
        kept, made = raw["output"]
        check(types.ResponseInputMessageItem, kept)
        check(types.CompactedResponse, {**raw, "output": [made]})
        self.assertEqual(made["type"], "compaction")
        going_on = self.ask([kept, made, *said("reply exactly on")])
        self.assertEqual(going_on.output_text, "on")

    def test_pictures(self):
        pixel = ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42m"
                 "NkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==")
        parts = [{"type": "input_text", "text": "echo prompt"},
                 {"type": "input_image", "image_url": pixel, "detail": "auto"}]
        told = self.ask([{"role": "user", "content": parts}])
        self.assertIn(pixel, told.output_text)


class Streams(Case):
    def test_a_raw_stream(self):
        events = list(self.ask("count to 5", stream=True))
        kinds = check_stream(events)
        self.assertEqual(kinds[1], "response.in_progress")
        words = [event.delta for event in events if event.type == "response.output_text.delta"]
        self.assertEqual("".join(words), events[-1].response.output_text)
        self.assertEqual(events[-1].response.output_text.split(), ["1", "2", "3", "4", "5"])

    def test_the_helper(self):
        with self.responses.stream(model=MODEL, input="count to 4") as stream:
            events = list(stream)
            told = stream.get_final_response()
        snapshots = [event.snapshot for event in events
                     if event.type == "response.output_text.delta"]
        self.assertEqual(snapshots[-1], told.output_text)
        self.assertGreater(told.usage.output_tokens, 0)

    def test_the_helper_with_a_schema(self):
        with self.responses.stream(model=MODEL, input="weather", text_format=Weather) as stream:
            done = [event for event in stream if event.type == "response.output_text.done"]
            told = stream.get_final_response()
        self.assertIsInstance(told.output_parsed, Weather)
        self.assertEqual(done[0].parsed, told.output_parsed)

    def test_the_helper_with_functions(self):
        tool = openai.pydantic_function_tool(Weather)
        function = {"type": "function", **tool["function"]}
        text = 'call tool Weather with {"city": "Oslo", "degrees": 4, "days": []}'
        with self.responses.stream(model=MODEL, input=text, tools=[function]) as stream:
            deltas = [event for event in stream
                      if event.type == "response.function_call_arguments.delta"]
            told = stream.get_final_response()
        self.assertEqual(deltas[-1].snapshot, told.output[0].arguments)

    def test_log_probabilities(self):
        events = list(self.ask("reply exactly a b", include=LOGPROBS, top_logprobs=1, stream=True))
        check_stream(events)
        deltas = [event for event in events if event.type == "response.output_text.delta"]
        self.assertTrue(all(event.logprobs for event in deltas))

    def test_thoughts(self):
        kinds = check_stream(self.ask("think it is warm then reply tea", stream=True))
        self.assertIn("response.reasoning_text.delta", kinds)

    def test_a_stream_that_is_left_early(self):
        with self.ask(SLOW, stream=True) as stream:
            next(iter(stream))
        self.assertEqual(self.ask("reply exactly on").output_text, "on")

    def test_a_limit(self):
        events = list(self.ask("count to 50", max_output_tokens=16, stream=True))
        self.assertEqual(check_stream(events)[-1], "response.incomplete")

    def test_an_error_in_the_middle(self):
        seen = []
        with self.assertRaises(openai.APIError) as caught:
            for event in self.ask("count to 9 [fault=error_chunk]", stream=True):
                seen.append(event.type)
        self.assertTrue(caught.exception.message)
        self.assertIn("response.output_text.delta", seen)

    def test_an_async_client(self):
        async def count():
            async with openai.AsyncOpenAI(base_url=BASE_URL, api_key=TOKEN) as client:
                async with client.responses.stream(model=MODEL, input="count to 3") as stream:
                    return (await stream.get_final_response()).output_text
        self.assertEqual(asyncio.run(count()).split(), ["1", "2", "3"])


class Functions(Case):
    def test_a_round_trip_by_its_id(self):
        first = self.ask('call tool look_up with {"city": "Oslo"}', tools=[LOOK_UP])
        call = first.output[0]
        self.assertEqual((call.type, call.name), ("function_call", "look_up"))
        second = self.ask([answer_to(call, "rain")], tools=[LOOK_UP],
                          previous_response_id=first.id)
        self.assertEqual(second.output_text, "tool said: rain")

    def test_a_round_trip_in_an_own_history(self):
        history = said('call tool look_up with {"city": "Oslo"}')
        first = self.ask(history, tools=[LOOK_UP], store=False)
        history += [*first.output, answer_to(first.output[0], [{"type": "input_text", "text": "rain"}])]
        second = self.ask(history, tools=[LOOK_UP], store=False)
        self.assertEqual(second.output_text, "tool said: rain")

    def test_parallel_calls_in_a_stream(self):
        text = 'call tool look_up with {"city": "Oslo"}\ncall tool look_up with {"city": "Rome"}'
        events = list(self.ask(text, tools=[LOOK_UP], stream=True))
        check_stream(events)
        calls = events[-1].response.output
        self.assertEqual([call.arguments for call in calls],
                         ['{"city": "Oslo"}', '{"city": "Rome"}'])
        self.assertEqual(len({call.call_id for call in calls}), 2)
        one = self.ask(text, tools=[LOOK_UP], parallel_tool_calls=False)
        self.assertEqual(len(one.output), 1)

    def test_a_choice_of_tools(self):
        named = {"type": "function", "name": "look_up"}
        allowed = {"type": "allowed_tools", "mode": "required", "tools": [named]}
        other = {**LOOK_UP, "name": "other"}
        for choice in ["required", named, allowed]:
            told = self.ask("hi", tools=[LOOK_UP, other], tool_choice=choice)
            self.assertEqual(told.output[0].name, "look_up", choice)
        told = self.ask('call tool look_up with {"city": "Oslo"}', tools=[LOOK_UP],
                        tool_choice="none")
        self.assertEqual(told.output[0].type, "message")

    def test_a_call_without_its_output(self):
        first = self.ask('call tool look_up with {"city": "Oslo"}', tools=[LOOK_UP])
        with self.assertRaises(openai.BadRequestError):
            self.ask("hi", previous_response_id=first.id)


class Servers(Case):
    ORDER = 'call tool tools__echo with {"text": "tea"}'
    CHARGE = 'call tool tools__charge with {"amount": 5}'

    def types_of(self, told):
        return [item.type for item in told.output]

    def test_a_tool_is_used(self):
        told = self.ask(self.ORDER, tools=[server("never")])
        self.assertEqual(self.types_of(told), ["mcp_list_tools", "mcp_call", "message"])
        self.assertEqual(told.output[1].output, "tea")
        self.assertEqual(told.output_text, "tool said: tea")
        next_one = self.ask("reply exactly on", tools=[server("never")],
                            previous_response_id=told.id)
        self.assertEqual(next_one.output_text, "on")

    def test_a_tool_is_used_in_a_stream(self):
        with self.responses.stream(model=MODEL, input=self.ORDER, tools=[server("never")]) as stream:
            kinds = [event.type for event in stream]
            told = stream.get_final_response()
        self.assertEqual(told.output_text, "tool said: tea")
        for kind in ["mcp_list_tools.in_progress", "mcp_list_tools.completed",
                     "mcp_call.in_progress", "mcp_call_arguments.delta", "mcp_call_arguments.done",
                     "mcp_call.completed"]:
            self.assertIn("response." + kind, kinds)
        self.assertNotIn("response.function_call_arguments.delta", kinds)
        check_stream(self.ask(self.ORDER, tools=[server("never")], stream=True))

    def test_a_history_with_tool_items_is_taken_back(self):
        told = self.ask(self.ORDER, tools=[server("never")], store=False)
        history = [*said(self.ORDER), *told.output, *said("reply exactly on")]
        again = self.ask(history, tools=[server("never")], store=False)
        self.assertEqual(again.output_text, "on")

    def test_approvals(self):
        for approve, wanted in [(True, "mcp_call"), (False, "message")]:
            tools = [server("always")]
            asked = self.ask(self.CHARGE, tools=tools)
            request = asked.output[-1]
            self.assertEqual((request.type, request.name), ("mcp_approval_request", "charge"))
            given = [{"type": "mcp_approval_response", "approve": approve,
                      "approval_request_id": request.id}]
            told = self.ask(given, tools=tools, previous_response_id=asked.id)
            self.assertIn(wanted, self.types_of(told))
            self.assertEqual("mcp_call" in self.types_of(told), approve)

    def test_an_approval_in_a_stream(self):
        tools = [server({"never": {"tool_names": ["echo"]}})]
        events = list(self.ask(self.CHARGE, tools=tools, stream=True))
        check_stream(events)
        asked = events[-1].response
        given = [{"type": "mcp_approval_response", "approve": True,
                  "approval_request_id": asked.output[-1].id}]
        events = list(self.ask(given, tools=tools, previous_response_id=asked.id, stream=True))
        check_stream(events)
        self.assertIn("mcp_call", self.types_of(events[-1].response))

    def test_a_tool_that_fails(self):
        text = 'call tool tools__fail with {"message": "no milk"}'
        told = self.ask(text, tools=[server("never")])
        self.assertEqual(told.output[1].status, "failed")
        self.assertIn("no milk", told.output_text)
        check_stream(self.ask(text, tools=[server("never")], stream=True))

    def test_calls_that_are_used_up(self):
        text = 'always call tool tools__echo with {"text": "tea"}'
        told = self.responses.create(
            model=MODEL, input=text, tools=[server("never")], max_tool_calls=2)
        self.assertEqual(told.status, "incomplete")
        self.assertEqual(self.types_of(told).count("mcp_call"), 2)

    def test_a_server_that_is_not_there(self):
        tool = server("never", server_url="http://127.0.0.1:9/mcp")
        told = self.ask("reply exactly on", tools=[tool])
        self.assertTrue(told.output[0].error)


class Conversations(Case):
    def test_a_conversation_is_continued(self):
        made = self.client.conversations.create()
        self.ask("remember that tea is green", conversation=made.id)
        told = self.ask("what is tea?", conversation={"id": made.id})
        self.assertEqual(told.output_text, "green")
        self.assertEqual(told.conversation.id, made.id)
        items = list(self.client.conversations.items.list(made.id, order="asc"))
        self.assertEqual([item.role for item in items], ["user", "assistant"] * 2)

    def test_a_conversation_holds_calls_and_outputs(self):
        made = self.client.conversations.create()
        first = self.ask('call tool look_up with {"city": "Oslo"}', tools=[LOOK_UP],
                         conversation=made.id)
        told = self.ask([answer_to(first.output[0], "rain")], tools=[LOOK_UP],
                        conversation=made.id)
        self.assertEqual(told.output_text, "tool said: rain")
        items = list(self.client.conversations.items.list(made.id, order="asc"))
        self.assertEqual([item.type for item in items],
                         ["message", "function_call", "function_call_output", "message"])

    def test_a_conversation_is_used_by_one_at_a_time(self):
        made = self.client.conversations.create()
        running = self.ask(SLOW, conversation=made.id, background=True)
        with self.assertRaises(openai.BadRequestError) as caught:
            self.ask("hi", conversation=made.id)
        self.assertEqual((caught.exception.code, caught.exception.param),
                         ("conversation_locked", "conversation"))
        self.responses.cancel(running.id)


class Background(Case):
    def test_a_poll(self):
        told = self.ask("count to 5 [frame_ms=50]", background=True)
        self.assertEqual(told.status, "queued")
        ended = self.ended(told.id)
        self.assertEqual(ended.output_text.split(), ["1", "2", "3", "4", "5"])
        self.assertTrue(ended.background)

    def test_a_cancellation(self):
        told = self.ask(SLOW, background=True)
        time.sleep(0.3)
        for _ in range(2):
            cancelled = self.responses.cancel(told.id)
            check(types.Response, cancelled.to_dict())
            self.assertEqual(cancelled.status, "cancelled")
        self.assertEqual(self.responses.retrieve(told.id).status, "cancelled")
        front = self.ask("hi")
        with self.assertRaises(openai.BadRequestError):
            self.responses.cancel(front.id)

    def test_a_stream_is_taken_up_again(self):
        seen = []
        with self.ask("count to 30 [frame_ms=20]", background=True, stream=True) as stream:
            for event in stream:
                seen.append(event)
                if len(seen) == 12:
                    break
        self.assertEqual([event.type for event in seen[:2]],
                         ["response.created", "response.queued"])
        told = seen[0].response.id
        rest = self.responses.retrieve(told, stream=True, starting_after=seen[-1].sequence_number)
        check_stream(seen + list(rest))
        again = list(self.responses.retrieve(told, stream=True))
        check_stream(again)
        self.assertEqual([event.to_dict() for event in again[:12]],
                         [event.to_dict() for event in seen])
        with self.responses.stream(response_id=told, starting_after=11) as stream:
            numbers = [event.sequence_number for event in stream]
            final = stream.get_final_response()
        self.assertEqual(numbers[0], 12)
        self.assertEqual(len(final.output_text.split()), 30)

    def test_a_stream_that_is_followed_while_it_runs(self):
        told = self.ask("count to 30 [frame_ms=20]", background=True)
        events = list(self.responses.retrieve(told.id, stream=True))
        check_stream(events)
        self.assertEqual(events[-1].response.to_dict(), self.ended(told.id).to_dict())

    def test_tools_in_the_background(self):
        told = self.ask(Servers.ORDER, tools=[server("never")], background=True)
        self.assertEqual(self.ended(told.id).output_text, "tool said: tea")


class Errors(Case):
    def refused(self, kind, call):
        with self.assertRaises(kind) as caught:
            call()
        self.assertTrue(caught.exception.request_id)
        return caught.exception

    def test_what_is_not_there(self):
        nobody = "resp_" + "0" * 32
        for call in [self.responses.retrieve, self.responses.delete, self.responses.cancel]:
            self.refused(openai.NotFoundError, lambda call=call: call(nobody))
        self.refused(openai.NotFoundError, lambda: list(self.responses.input_items.list(nobody)))
        error = self.refused(openai.BadRequestError,
                             lambda: self.ask("hi", previous_response_id=nobody))
        self.assertEqual((error.code, error.param),
                         ("previous_response_not_found", "previous_response_id"))
        self.refused(openai.NotFoundError,
                     lambda: self.ask("hi", conversation="conv_" + "0" * 32))

    def test_what_is_wrong(self):
        error = self.refused(openai.NotFoundError, lambda: self.ask("hi", model="nobody"))
        self.assertEqual(error.code, "model_not_found")
        error = self.refused(openai.NotFoundError,
                             lambda: self.ask("hi", model="nobody", stream=True))
        self.assertEqual(error.code, "model_not_found")
        error = self.refused(openai.BadRequestError, lambda: self.ask("hi", temperature=9))
        self.assertEqual(error.param, "temperature")
        error = self.refused(openai.BadRequestError, lambda: self.ask(
            "hi", conversation="conv_1", previous_response_id="resp_1"))
        self.assertEqual(error.type, "invalid_request_error")

    def test_an_upstream_that_fails(self):
        self.refused(openai.RateLimitError, lambda: self.ask("hi [fault=refuse_429]"))
        self.refused(openai.InternalServerError, lambda: self.ask("hi [fault=500]"))

    def test_a_failure_in_the_background(self):
        told = self.ask("hi [fault=400]", background=True)
        ended = self.ended(told.id)
        self.assertEqual(ended.status, "failed")
        self.assertTrue(ended.error.message)

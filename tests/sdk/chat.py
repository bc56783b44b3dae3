"""What a Python program that uses `openai` does with chat completions and what surrounds them."""

import asyncio
import time
import unittest
import uuid

import openai
from pydantic import BaseModel

from kit import BASE_URL, MODEL, TOKEN, connect, said

TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": "Looks a city's weather up.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


class Chat(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.addCleanup(self.client.close)

    def ask(self, text, **more):
        return self.client.chat.completions.create(model=MODEL, messages=said(text), **more)

    def test_a_whole_answer(self):
        answer = self.ask("reply exactly Hello there")
        self.assertRegex(answer.id, r"^chatcmpl-")
        self.assertEqual(answer.object, "chat.completion")
        self.assertEqual(answer.choices[0].message.content, "Hello there")
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        self.assertEqual(answer.usage.total_tokens,
                         answer.usage.prompt_tokens + answer.usage.completion_tokens)
        self.assertTrue(answer._request_id)

    def test_a_raw_answer_has_its_request_id(self):
        raw = self.client.chat.completions.with_raw_response.create(
            model=MODEL, messages=said("reply exactly raw"))
        self.assertEqual(raw.request_id, raw.headers["x-request-id"])
        self.assertEqual(raw.parse().choices[0].message.content, "raw")

    def test_a_history_is_shown_to_the_model(self):
        answer = self.client.chat.completions.create(model=MODEL, messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "remember that the sky is blue"},
            {"role": "assistant", "content": "I will."},
            {"role": "user", "content": "what is the sky?"},
        ])
        self.assertEqual(answer.choices[0].message.content, "blue")

    def test_a_raw_stream(self):
        chunks = list(self.ask("count to 5", stream=True))
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertEqual(text.split(), ["1", "2", "3", "4", "5"])
        self.assertEqual(len({chunk.id for chunk in chunks}), 1)
        self.assertRegex(chunks[0].id, r"^chatcmpl-")
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")
        self.assertTrue(all(chunk.usage is None for chunk in chunks))

    def test_the_usage_of_a_stream(self):
        chunks = list(self.ask("count to 5", stream=True, stream_options={"include_usage": True}))
        self.assertEqual(chunks[-1].choices, [])
        self.assertEqual(chunks[-1].usage.completion_tokens, 5)
        self.assertTrue(all(chunk.usage is None for chunk in chunks[:-1]))

    def test_the_stream_helper(self):
        with self.client.chat.completions.stream(model=MODEL, messages=said("count to 4")) as stream:
            kinds = [event.type for event in stream]
            answer = stream.get_final_completion()
        self.assertIn("content.delta", kinds)
        self.assertIn("content.done", kinds)
        self.assertEqual(answer.choices[0].message.content.split(), ["1", "2", "3", "4"])

    def test_a_stream_that_is_left_early(self):
        stream = self.ask("count to 1000 [frame_ms=20]", stream=True)
        next(iter(stream))
        stream.close()
        self.assertEqual(self.ask("reply exactly on").choices[0].message.content, "on")

    def test_several_choices(self):
        answer = self.ask("reply exactly same", n=3)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2])
        self.assertEqual({choice.message.content for choice in answer.choices}, {"same"})

    def test_log_probabilities(self):
        answer = self.ask("reply exactly a b", logprobs=True, top_logprobs=2)
        tokens = answer.choices[0].logprobs.content
        self.assertEqual(len(tokens), 2)
        self.assertEqual(len(tokens[0].top_logprobs), 2)
        self.assertLessEqual(tokens[0].logprob, 0)

    def test_limits_of_an_answer(self):
        cut = self.ask("count to 50", max_completion_tokens=3)
        self.assertEqual(cut.choices[0].finish_reason, "length")
        self.assertEqual(cut.choices[0].message.content.split(), ["1", "2", "3"])
        stopped = self.ask("reply exactly one two STOP three", stop=["STOP"])
        self.assertEqual(stopped.choices[0].message.content.strip(), "one two")

    def test_an_async_client(self):
        async def count():
            async with openai.AsyncOpenAI(base_url=BASE_URL, api_key=TOKEN) as client:
                stream = await client.chat.completions.create(
                    model=MODEL, messages=said("count to 3"), stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])
        self.assertEqual(asyncio.run(count()).split(), ["1", "2", "3"])


class Tools(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.addCleanup(self.client.close)

    def test_a_call_and_its_result(self):
        messages = said('call tool look_up with {"city": "Oslo"}')
        first = self.client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
        message = first.choices[0].message
        self.assertEqual(first.choices[0].finish_reason, "tool_calls")
        self.assertEqual(message.tool_calls[0].function.name, "look_up")
        messages += [message, {
            "role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "rain"}]
        second = self.client.chat.completions.create(model=MODEL, messages=messages, tools=[TOOL])
        self.assertEqual(second.choices[0].message.content, "tool said: rain")

    def test_parallel_calls_in_a_stream(self):
        text = 'call tool look_up with {"city": "Oslo"}\ncall tool look_up with {"city": "Rome"}'
        with self.client.chat.completions.stream(
                model=MODEL, messages=said(text), tools=[TOOL]) as stream:
            answer = stream.get_final_completion()
        calls = answer.choices[0].message.tool_calls
        self.assertEqual([call.function.parsed_arguments for call in calls],
                         [{"city": "Oslo"}, {"city": "Rome"}])
        self.assertEqual(len({call.id for call in calls}), 2)

    def test_one_call_at_a_time(self):
        text = 'call tool look_up with {"city": "Oslo"}\ncall tool look_up with {"city": "Rome"}'
        answer = self.client.chat.completions.create(
            model=MODEL, messages=said(text), tools=[TOOL], parallel_tool_calls=False)
        self.assertEqual(len(answer.choices[0].message.tool_calls), 1)

    def test_a_named_tool_must_be_called(self):
        choice = {"type": "function", "function": {"name": "look_up"}}
        answer = self.client.chat.completions.create(
            model=MODEL, messages=said("hi"), tools=[TOOL], tool_choice=choice)
        self.assertEqual(answer.choices[0].message.tool_calls[0].function.name, "look_up")

    def test_an_answer_is_parsed_by_its_schema(self):
        class Weather(BaseModel):
            city: str
            degrees: float
            days: list[str]

        answer = self.client.chat.completions.parse(
            model=MODEL, messages=said("the weather"), response_format=Weather)
        self.assertIsInstance(answer.choices[0].message.parsed, Weather)


class Others(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.addCleanup(self.client.close)

    def test_models(self):
        known = [model.id for model in self.client.models.list()]
        self.assertIn(MODEL, known)
        self.assertEqual(self.client.models.retrieve(MODEL).id, MODEL)

    def test_embeddings(self):
        answer = self.client.embeddings.create(model="scripted-embed", input=["one", "two"])
        self.assertEqual([one.index for one in answer.data], [0, 1])
        plain = self.client.embeddings.create(
            model="scripted-embed", input="one", encoding_format="float")
        for known, told in zip(plain.data[0].embedding, answer.data[0].embedding, strict=True):
            self.assertAlmostEqual(known, told, places=6)


class Stored(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.addCleanup(self.client.close)
        self.topic = uuid.uuid4().hex

    def store(self, text):
        return self.client.chat.completions.create(
            model=MODEL, messages=said(text), store=True, metadata={"topic": self.topic})

    def test_the_life_of_a_stored_completion(self):
        completions = self.client.chat.completions
        made = self.store("reply exactly kept")
        found = completions.retrieve(made.id)
        self.assertEqual(found.choices[0].message.content, "kept")
        self.assertEqual(found.metadata, {"topic": self.topic})
        changed = completions.update(made.id, metadata={"topic": "other"})
        self.assertEqual(changed.metadata, {"topic": "other"})
        messages = completions.messages.list(made.id).data
        self.assertEqual(messages[0].content, "reply exactly kept")
        self.assertTrue(completions.delete(made.id).deleted)
        with self.assertRaises(openai.NotFoundError):
            completions.retrieve(made.id)

    def test_a_list_is_paged(self):
        made = [self.store(f"reply exactly {number}").id for number in range(5)]
        pages = self.client.chat.completions.list(
            metadata={"topic": self.topic}, model=MODEL, limit=2)
        self.assertEqual([one.id for one in pages], made)
        newest = self.client.chat.completions.list(
            metadata={"topic": self.topic}, limit=2, order="desc")
        self.assertEqual([one.id for one in newest], made[::-1])


class Conversations(unittest.TestCase):
    def setUp(self):
        self.client = connect()
        self.addCleanup(self.client.close)

    def item(self, text):
        return {"type": "message", "role": "user", "content": text}

    def test_the_life_of_a_conversation(self):
        conversations = self.client.conversations
        made = conversations.create(items=[self.item("first")], metadata={"topic": "tea"})
        self.assertRegex(made.id, r"^conv_")
        self.assertEqual(conversations.retrieve(made.id).metadata, {"topic": "tea"})
        changed = conversations.update(made.id, metadata={"topic": "coffee"})
        self.assertEqual(changed.metadata, {"topic": "coffee"})
        self.assertTrue(conversations.delete(made.id).deleted)
        with self.assertRaises(openai.NotFoundError):
            conversations.retrieve(made.id)

    def test_the_life_of_items(self):
        made = self.client.conversations.create()
        items = self.client.conversations.items
        added = items.create(made.id, items=[self.item(str(number)) for number in range(5)])
        ids = [item.id for item in added.data]
        self.assertEqual([item.id for item in items.list(made.id, limit=2, order="asc")], ids)
        self.assertEqual([item.id for item in items.list(made.id, limit=2)], ids[::-1])
        found = items.retrieve(ids[2], conversation_id=made.id)
        self.assertEqual(found.content[0].text, "2")
        self.assertEqual(items.delete(ids[2], conversation_id=made.id).id, made.id)
        with self.assertRaises(openai.NotFoundError):
            items.retrieve(ids[2], conversation_id=made.id)
        self.assertEqual(len(list(items.list(made.id))), 4)

    def test_a_chat_call_continues_a_conversation(self):
        made = self.client.conversations.create()
        for text in ["remember that the sea is deep", "what is the sea?"]:
            answer = self.client.chat.completions.create(
                model=MODEL, messages=said(text), extra_body={"conversation": made.id})
        self.assertEqual(answer.choices[0].message.content, "deep")
        items = list(self.client.conversations.items.list(made.id, order="asc"))
        self.assertEqual([item.role for item in items], ["user", "assistant"] * 2)
        self.assertEqual(items[-1].content[0].text, "deep")


class Errors(unittest.TestCase):
    def refused(self, kind, call, **options):
        with connect(**options) as client, self.assertRaises(kind) as caught:
            call(client)
        self.assertTrue(caught.exception.request_id)
        return caught.exception

    def ask(self, text, **more):
        wish = {"model": MODEL, "messages": said(text), **more}
        return lambda client: client.chat.completions.create(**wish)

    def test_an_unknown_model(self):
        error = self.refused(openai.NotFoundError, self.ask("hi", model="nobody"))
        self.assertEqual(error.code, "model_not_found")

    def test_a_wrong_key(self):
        error = self.refused(openai.AuthenticationError, self.ask("hi"), api_key="sk-wrong")
        self.assertEqual(error.status_code, 401)

    def test_a_wrong_parameter(self):
        error = self.refused(openai.BadRequestError, self.ask("hi", temperature="hot"))
        self.assertEqual(error.param, "temperature")
        self.assertEqual(error.type, "invalid_request_error")

    def test_a_conversation_that_is_not_there(self):
        self.refused(openai.NotFoundError,
                     lambda client: client.conversations.retrieve("conv_" + "0" * 32))

    def test_an_upstream_that_is_busy(self):
        error = self.refused(openai.RateLimitError, self.ask("hi [fault=refuse_429]"))
        self.assertEqual(error.response.headers["retry-after"], "1")

    def test_a_retry_waits_as_long_as_it_is_told(self):
        text = f"reply exactly at last [fault_once=refuse_429:{uuid.uuid4().hex}] [retry_after_s=2]"
        begun = time.monotonic()
        with connect(max_retries=2) as client:
            answer = self.ask(text)(client)
        self.assertEqual(answer.choices[0].message.content.strip(), "at last")
        self.assertGreaterEqual(time.monotonic() - begun, 2)

    def test_an_upstream_that_is_broken(self):
        self.refused(openai.InternalServerError, self.ask("hi [fault=500]"))

    def test_an_error_in_the_middle_of_a_stream(self):
        with connect() as client, self.assertRaises(openai.APIError):
            list(self.ask("count to 9 [fault=error_chunk]", stream=True)(client))

// What a Node program that uses `openai` does with chat completions and what surrounds them.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import OpenAI from "openai";
import { MODEL, connect, gather, refused, said } from "./kit.mjs";

const client = connect();
const ask = (text, more = {}) =>
  client.chat.completions.create({ model: MODEL, messages: said(text), ...more });
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const TOOL = {
  type: "function",
  function: { name: "look_up", description: "Looks the weather up.", strict: true, parameters },
};
const TWO_CALLS =
  'call tool look_up with {"city": "Oslo"}\ncall tool look_up with {"city": "Rome"}';

describe("chat", () => {
  test("a whole answer", async () => {
    const answer = await ask("reply exactly Hello there");
    assert.match(answer.id, /^chatcmpl-/);
    assert.equal(answer.choices[0].message.content, "Hello there");
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.ok(answer.usage.total_tokens > 0);
    assert.ok(answer._request_id);
  });

  test("a raw answer has its request id", async () => {
    const { data, response, request_id } = await ask("reply exactly raw").withResponse();
    assert.equal(request_id, response.headers.get("x-request-id"));
    assert.equal(data.choices[0].message.content, "raw");
  });

  test("a raw stream, with its usage", async () => {
    const options = { stream: true, stream_options: { include_usage: true } };
    const chunks = await gather(await ask("count to 5", options));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    assert.deepEqual(text.trim().split(/\s+/), ["1", "2", "3", "4", "5"]);
    assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
    assert.equal(chunks.at(-1).usage.completion_tokens, 5);
    assert.deepEqual(chunks.at(-1).choices, []);
  });

  test("the stream helper", async () => {
    const stream = client.chat.completions.stream({ model: MODEL, messages: said("count to 4") });
    const deltas = [];
    stream.on("content", (delta) => deltas.push(delta));
    const answer = await stream.finalChatCompletion();
    assert.ok(deltas.length > 1);
    assert.equal(deltas.join(""), answer.choices[0].message.content);
    assert.deepEqual(await stream.finalContent(), deltas.join(""));
  });

  test("a stream that is left early", async () => {
    const stream = await ask("count to 1000 [frame_ms=20]", { stream: true });
    for await (const _ of stream) break;
    const answer = await ask("reply exactly on");
    assert.equal(answer.choices[0].message.content, "on");
  });

  test("several choices and log probabilities", async () => {
    const answer = await ask("reply exactly a b", { n: 2, logprobs: true, top_logprobs: 2 });
    assert.deepEqual(answer.choices.map((choice) => choice.index), [0, 1]);
    assert.equal(answer.choices[1].logprobs.content.length, 2);
    assert.equal(answer.choices[1].logprobs.content[0].top_logprobs.length, 2);
  });
});

describe("tools", () => {
  test("parallel calls in a stream", async () => {
    const wish = { model: MODEL, messages: said(TWO_CALLS), tools: [TOOL] };
    const answer = await client.chat.completions.stream(wish).finalChatCompletion();
    const { tool_calls } = answer.choices[0].message;
    const told = tool_calls.map((call) => JSON.parse(call.function.arguments).city);
    assert.deepEqual(told, ["Oslo", "Rome"]);
    assert.notEqual(tool_calls[0].id, tool_calls[1].id);
  });

  for (const stream of [false, true]) {
    test(`tools run by the client, stream: ${stream}`, async () => {
      const asked = [];
      const look_up = ({ city }) => {
        asked.push(city);
        return `rain in ${city}`;
      };
      const runner = client.chat.completions.runTools({
        model: MODEL,
        stream,
        messages: said(TWO_CALLS),
        tools: [
          {
            type: "function",
            function: { ...TOOL.function, function: look_up, parse: JSON.parse },
          },
        ],
      });
      const answer = await runner.finalContent();
      assert.deepEqual(asked.sort(), ["Oslo", "Rome"]);
      assert.match(answer, /^tool said: .*rain in/);
    });
  }

  test("an answer is parsed by its schema", async () => {
    const schema = { name: "weather", strict: true, schema: parameters };
    const answer = await client.chat.completions.parse({
      model: MODEL,
      messages: said("the weather"),
      response_format: { type: "json_schema", json_schema: schema },
    });
    const { content } = answer.choices[0].message;
    assert.equal(typeof JSON.parse(content).city, "string");
  });
});

describe("others", () => {
  test("models", async () => {
    const known = await gather(client.models.list());
    assert.ok(known.some((model) => model.id === MODEL));
    assert.equal((await client.models.retrieve(MODEL)).id, MODEL);
  });

  test("embeddings", async () => {
    const wish = { model: "scripted-embed", input: ["one", "two"] };
    const answer = await client.embeddings.create(wish);
    const plain = await client.embeddings.create({ ...wish, encoding_format: "float" });
    assert.deepEqual(answer.data.map((one) => one.index), [0, 1]);
    for (const [at, value] of plain.data[1].embedding.entries())
      assert.ok(Math.abs(value - answer.data[1].embedding[at]) < 1e-6);
  });
});

describe("stored completions", () => {
  test("their life", async () => {
    const { completions } = client.chat;
    const made = await ask("reply exactly kept", { store: true, metadata: { topic: "tea" } });
    const found = await completions.retrieve(made.id);
    assert.equal(found.choices[0].message.content, "kept");
    const changed = await completions.update(made.id, { metadata: { topic: "coffee" } });
    assert.deepEqual(changed.metadata, { topic: "coffee" });
    const messages = await gather(completions.messages.list(made.id));
    assert.equal(messages[0].content, "reply exactly kept");
    assert.equal((await completions.delete(made.id)).deleted, true);
    await assert.rejects(completions.retrieve(made.id), OpenAI.NotFoundError);
  });

  test("a list is paged", async () => {
    const metadata = { topic: randomUUID() };
    const made = [];
    for (let number = 0; number < 5; number += 1)
      made.push((await ask(`reply exactly ${number}`, { store: true, metadata })).id);
    const listed = await gather(client.chat.completions.list({ metadata, limit: 2 }));
    assert.deepEqual(listed.map((one) => one.id), made);
  });
});

describe("conversations", () => {
  const item = (content) => ({ type: "message", role: "user", content });

  test("their life", async () => {
    const { conversations } = client;
    const wish = { items: [item("first")], metadata: { topic: "tea" } };
    const made = await conversations.create(wish);
    assert.deepEqual((await conversations.retrieve(made.id)).metadata, { topic: "tea" });
    const changed = await conversations.update(made.id, { metadata: { topic: "coffee" } });
    assert.deepEqual(changed.metadata, { topic: "coffee" });
    assert.equal((await conversations.delete(made.id)).deleted, true);
    await assert.rejects(conversations.retrieve(made.id), OpenAI.NotFoundError);
  });

  test("the life of their items", async () => {
    const { items } = client.conversations;
    const { id } = await client.conversations.create();
    const wish = { items: ["0", "1", "2", "3", "4"].map(item) };
    const ids = (await items.create(id, wish)).data.map((one) => one.id);
    const listed = await gather(items.list(id, { limit: 2, order: "asc" }));
    assert.deepEqual(listed.map((one) => one.id), ids);
    const found = await items.retrieve(ids[2], { conversation_id: id });
    assert.equal(found.content[0].text, "2");
    assert.equal((await items.delete(ids[2], { conversation_id: id })).id, id);
    const gone = items.retrieve(ids[2], { conversation_id: id });
    await assert.rejects(gone, OpenAI.NotFoundError);
    assert.equal((await gather(items.list(id))).length, 4);
  });

  test("a chat call continues one", async () => {
    const { id } = await client.conversations.create();
    await ask("remember that the sea is deep", { conversation: id });
    const stream = await ask("what is the sea?", { conversation: id, stream: true });
    const chunks = await gather(stream);
    assert.equal(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""), "deep");
    const items = await gather(client.conversations.items.list(id, { order: "asc" }));
    const roles = items.map((one) => one.role);
    assert.deepEqual(roles, ["user", "assistant", "user", "assistant"]);
  });
});

describe("errors", () => {
  test("an unknown model", async () => {
    const error = await refused(OpenAI.NotFoundError, ask("hi", { model: "nobody" }));
    assert.equal(error.code, "model_not_found");
  });

  test("a wrong key", async () => {
    const call = connect({ apiKey: "sk-wrong" }).models.list();
    await refused(OpenAI.AuthenticationError, call);
  });

  test("a wrong parameter", async () => {
    const error = await refused(OpenAI.BadRequestError, ask("hi", { temperature: "hot" }));
    assert.equal(error.param, "temperature");
  });

  test("an upstream that is busy", async () => {
    const error = await refused(OpenAI.RateLimitError, ask("hi [fault=refuse_429]"));
    assert.equal(error.headers.get("retry-after"), "1");
  });

  test("a retry waits as long as it is told", async () => {
    const fault = `[fault_once=refuse_429:${randomUUID()}] [retry_after_s=2]`;
    const begun = performance.now();
    const wish = { model: MODEL, messages: said(`reply exactly at last ${fault}`) };
    const answer = await connect({ maxRetries: 2 }).chat.completions.create(wish);
    assert.equal(answer.choices[0].message.content.trim(), "at last");
    assert.ok(performance.now() - begun >= 1990);
  });

  test("an upstream that is broken", async () => {
    await refused(OpenAI.InternalServerError, ask("hi [fault=500]"));
  });

  test("an error in the middle of a stream", async () => {
    const stream = await ask("count to 9 [fault=error_chunk]", { stream: true });
    await assert.rejects(gather(stream), OpenAI.APIError);
  });
});

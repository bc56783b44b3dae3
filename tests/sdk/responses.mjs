// What a Node program that uses `openai` does with responses.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { ResponsesWS } from "openai/resources/responses/ws";
import { z } from "zod";
import { MODEL, TOOLS_URL, checkStream, connect, gather, refused, said } from "./kit.mjs";

const client = connect();
const { responses } = client;
const ask = (input, more = {}) => responses.create({ model: MODEL, input, ...more });
const parameters = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
};
const LOOK_UP = { type: "function", name: "look_up", strict: true, parameters };
const ONE_CALL = 'call tool look_up with {"city": "Oslo"}';
const SLOW = "count to 400 [frame_ms=30]";
const ECHO = 'call tool tools__echo with {"text": "tea"}';
const CHARGE = 'call tool tools__charge with {"amount": 5}';
const Weather = z.object({ city: z.string(), degrees: z.number(), days: z.array(z.string()) });
const server = (require_approval) => ({
  type: "mcp",
  server_label: "tools",
  server_url: TOOLS_URL,
  require_approval,
});
const answerTo = ({ call_id }, output) => ({ type: "function_call_output", call_id, output });
const typesOf = ({ output }) => output.map((item) => item.type);

async function ended(id) {
  for (let round = 0; round < 200; round += 1) {
    const found = await responses.retrieve(id);
    if (!["queued", "in_progress"].includes(found.status)) return found;
    await pause(100);
  }
  return assert.fail("it did not end");
}

describe("whole responses", () => {
  test("their life", async () => {
    const told = await ask("reply exactly Hello there", { metadata: { topic: "tea" } });
    assert.match(told.id, /^resp_/);
    assert.equal(told.output_text, "Hello there");
    assert.deepEqual(told.metadata, { topic: "tea" });
    assert.ok(told.usage.total_tokens > 0);
    assert.ok(told._request_id);
    const found = await responses.retrieve(told.id);
    assert.deepEqual(found, told);
    await responses.delete(told.id);
    await refused(OpenAI.NotFoundError, responses.retrieve(told.id));
  });

  test("a chain, and instructions for one of its links", async () => {
    const first = await ask("remember that tea is green", { instructions: "Be brief." });
    const second = await ask("echo prompt", { previous_response_id: first.id });
    assert.ok(!second.output_text.includes("Be brief"));
    const third = await ask("what is tea?", { previous_response_id: second.id });
    assert.equal(third.output_text, "green");
  });

  test("an answer is parsed by its schema", async () => {
    const text = { format: zodTextFormat(Weather, "weather") };
    const told = await responses.parse({ model: MODEL, input: "the weather", text });
    assert.equal(typeof told.output_parsed.degrees, "number");
  });

  test("log probabilities and a limit", async () => {
    const include = ["message.output_text.logprobs"];
    const told = await ask("reply exactly a b", { include, top_logprobs: 2 });
    assert.equal(told.output[0].content[0].logprobs.length, 2);
    const cut = await ask("count to 50", { max_output_tokens: 16 });
    assert.deepEqual(cut.incomplete_details, { reason: "max_output_tokens" });
  });

  test("a history that the client keeps", async () => {
    const question = said("think of tea then reply remembered");
    const first = await ask(question, { store: false });
    assert.deepEqual(typesOf(first), ["reasoning", "message"]);
    const input = [...question, ...first.output, ...said("reply exactly on")];
    assert.equal((await ask(input, { store: false })).output_text, "on");
  });

  test("input items, tokens and a compaction", async () => {
    const told = await ask(["0", "1", "2", "3", "4"].flatMap(said));
    const items = await gather(responses.inputItems.list(told.id, { limit: 2, order: "asc" }));
    assert.deepEqual(items.map((item) => item.content[0].text), ["0", "1", "2", "3", "4"]);
    const counted = await responses.inputTokens.count({ model: MODEL, input: "one two" });
    assert.ok(counted.input_tokens > 0);
    const short = await responses.compact({ model: MODEL, input: said("tea is green") });
    assert.equal(short.output.at(-1).type, "compaction");
    assert.equal((await ask([...short.output, ...said("reply exactly on")])).output_text, "on");
  });
});

describe("streams", () => {
  test("a raw one", async () => {
    const events = await gather(await ask("count to 5", { stream: true }));
    const kinds = checkStream(events);
    assert.equal(kinds[1], "response.in_progress");
    const words = events.filter((event) => event.type === "response.output_text.delta");
    assert.equal(words.map((event) => event.delta).join("").trim(), "1 2 3 4 5");
  });

  test("the helper", async () => {
    const stream = responses.stream({ model: MODEL, input: "count to 4" });
    const snapshots = [];
    stream.on("response.output_text.delta", ({ snapshot }) => snapshots.push(snapshot));
    const told = await stream.finalResponse();
    assert.equal(told.status, "completed");
    assert.equal(snapshots.at(-1), told.output_text);
    assert.ok(told.usage.output_tokens > 0);
  });

  test("the helper with a schema, thoughts, functions and servers", async () => {
    const text = { format: zodTextFormat(Weather, "weather") };
    for (const [input, more, types] of [
      ["the weather", { text }, ["message"]],
      ["think it is warm then reply tea", {}, ["reasoning", "message"]],
      [ONE_CALL, { tools: [LOOK_UP] }, ["function_call"]],
      [ECHO, { tools: [server("never")] }, ["mcp_list_tools", "mcp_call", "message"]],
      [CHARGE, { tools: [server("always")] }, ["mcp_list_tools", "mcp_approval_request"]],
      ['call tool tools__fail with {"message": "no milk"}', { tools: [server("never")] },
        ["mcp_list_tools", "mcp_call", "message"]],
      ["count to 50", { max_output_tokens: 16 }, ["message"]],
    ]) {
      const stream = responses.stream({ model: MODEL, input, ...more });
      const events = await gather(stream);
      checkStream(events);
      const told = await stream.finalResponse();
      assert.deepEqual(typesOf(told), types);
      if (more.text) assert.equal(typeof told.output_parsed.city, "string");
    }
  });

  test("one that is left early", async () => {
    const stream = await ask(SLOW, { stream: true });
    for await (const _ of stream) break;
    assert.equal((await ask("reply exactly on")).output_text, "on");
  });

  test("an error in the middle", async () => {
    const stream = responses.stream({ model: MODEL, input: "count to 9 [fault=error_chunk]" });
    await assert.rejects(stream.finalResponse(), OpenAI.APIError);
  });
});

describe("tools", () => {
  test("a function, by its response and in an own history", async () => {
    const first = await ask(ONE_CALL, { tools: [LOOK_UP] });
    const [call] = first.output;
    const more = { tools: [LOOK_UP], previous_response_id: first.id };
    const second = await ask([answerTo(call, "rain")], more);
    assert.equal(second.output_text, "tool said: rain");
    const input = [...said(ONE_CALL), ...first.output, answerTo(call, "sun")];
    const third = await ask(input, { tools: [LOOK_UP], store: false });
    assert.equal(third.output_text, "tool said: sun");
  });

  test("a server's tool, and its items in an own history", async () => {
    const tools = [server("never")];
    const told = await ask(ECHO, { tools });
    assert.equal(told.output[1].output, "tea");
    const input = [...said(ECHO), ...told.output, ...said("reply exactly on")];
    assert.equal((await ask(input, { tools, store: false })).output_text, "on");
  });

  for (const approve of [true, false]) {
    test(`an approval: ${approve}`, async () => {
      const tools = [server("always")];
      const asked = await ask(CHARGE, { tools });
      const { id, name } = asked.output.at(-1);
      assert.equal(name, "charge");
      const given = [{ type: "mcp_approval_response", approval_request_id: id, approve }];
      const told = await ask(given, { tools, previous_response_id: asked.id });
      assert.equal(typesOf(told).includes("mcp_call"), approve);
    });
  }
});

describe("conversations", () => {
  test("one is continued, by one at a time", async () => {
    const { id } = await client.conversations.create();
    await ask("remember that tea is green", { conversation: id });
    const told = await ask("what is tea?", { conversation: { id } });
    assert.equal(told.output_text, "green");
    const items = await gather(client.conversations.items.list(id, { order: "asc" }));
    assert.equal(items.length, 4);
    const running = await ask(SLOW, { conversation: id, background: true });
    const error = await refused(OpenAI.BadRequestError, ask("hi", { conversation: id }));
    assert.deepEqual([error.code, error.param], ["conversation_locked", "conversation"]);
    await responses.cancel(running.id);
  });
});

describe("the background", () => {
  test("a poll", async () => {
    const told = await ask("count to 3 [frame_ms=50]", { background: true });
    assert.equal(told.status, "queued");
    assert.equal((await ended(told.id)).output_text.trim(), "1 2 3");
  });

  test("a cancellation, twice", async () => {
    const { id } = await ask(SLOW, { background: true });
    assert.equal((await responses.cancel(id)).status, "cancelled");
    assert.equal((await responses.cancel(id)).status, "cancelled");
  });

  test("a stream that is taken up again", async () => {
    const seen = [];
    const text = "count to 30 [frame_ms=20]";
    for await (const event of await ask(text, { background: true, stream: true })) {
      seen.push(event);
      if (seen.length === 12) break;
    }
    const { id } = seen[0].response;
    const starting_after = seen.at(-1).sequence_number;
    const rest = await gather(await responses.retrieve(id, { stream: true, starting_after }));
    checkStream([...seen, ...rest]);
    const helper = responses.stream({ response_id: id, starting_after });
    const numbers = [];
    helper.on("event", (event) => numbers.push(event.sequence_number));
    assert.equal((await helper.finalResponse()).output_text.trim().split(/\s+/).length, 30);
    assert.equal(numbers[0], 12);
  });
});

describe("errors", () => {
  test("what is not there", async () => {
    const nobody = `resp_${"0".repeat(32)}`;
    for (const call of ["retrieve", "delete", "cancel"])
      await refused(OpenAI.NotFoundError, responses[call](nobody));
    const previous = ask("hi", { previous_response_id: nobody });
    const error = await refused(OpenAI.BadRequestError, previous);
    assert.equal(error.code, "previous_response_not_found");
    const unknown = await refused(OpenAI.NotFoundError, ask("hi", { model: "nobody" }));
    assert.equal(unknown.code, "model_not_found");
  });
});

describe("a WebSocket", () => {
  test("turns, an error, and a turn after it", async (context) => {
    const socket = new ResponsesWS(client);
    context.after(() => socket.close());
    let events = [];
    let settle = () => {};
    socket.on("error", (error) => settle(error));
    socket.on("event", (event) => {
      events.push(event);
      if (event.type === "response.completed") settle(checkStream(events) && event.response);
    });
    const turn = (input, more = {}) =>
      new Promise((resolve) => {
        [events, settle] = [[], resolve];
        socket.send({ type: "response.create", model: MODEL, input, store: false, ...more });
      });
    const textOf = ({ output }) => output[0].content[0].text;
    const first = await turn("remember that tea is green");
    const second = await turn("what is tea?", { previous_response_id: first.id });
    assert.equal(textOf(second), "green");
    const wrong = await turn("hi", { previous_response_id: `resp_${"0".repeat(32)}` });
    assert.equal(wrong.error.error.code, "previous_response_not_found");
    assert.equal(textOf(await turn("reply exactly on")), "on");
    const warm = await turn("remember that tea is hot", { generate: false });
    assert.deepEqual(warm.output, []);
    assert.equal(textOf(await turn("what is tea?", { previous_response_id: warm.id })), "hot");
  });
});

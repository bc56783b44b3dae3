// What the compliance suite of Open Responses asks, in our own words: 17 requests, and of every
// object and event that comes back a schema that forgives nothing the suite does not forgive.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import WebSocket from "ws";
import { z } from "zod";
import { BASE_URL, MODEL, TOKEN, checkStream } from "./kit.mjs";

const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
const NOBODY = `resp_${"0".repeat(32)}`;
const PIXEL =
  "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const WEATHER = {
  type: "function",
  name: "get_weather",
  description: "Tells the weather.",
  parameters: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
};
const says = (role, text, more = {}) => ({ type: "message", role, content: text, ...more });

// Schemas. `nullable` is allowed to be null and must be there; nothing else may be null.

const id = z.string().min(1);
const status = z.enum(["in_progress", "completed", "incomplete"]);
const logprob = z.object({ token: z.string(), logprob: z.number(), bytes: z.array(z.number()) });
const annotation = z.object({ type: z.string() });
const outputText = z.object({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(annotation),
  logprobs: z.array(logprob.passthrough()).optional(),
});
const part = z.discriminatedUnion("type", [
  outputText,
  z.object({ type: z.literal("input_text"), text: z.string() }),
  z.object({ type: z.literal("refusal"), refusal: z.string() }),
  z.object({ type: z.literal("reasoning_text"), text: z.string() }),
  z.object({ type: z.literal("summary_text"), text: z.string() }),
]);
const item = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("message"),
    id,
    status,
    role: z.enum(["user", "assistant", "system", "developer"]),
    content: z.array(part),
    phase: z.enum(["commentary", "final_answer"]).optional(),
  }),
  z.object({
    type: z.literal("function_call"),
    id,
    status,
    call_id: id,
    name: id,
    arguments: z.string(),
  }),
  z.object({ type: z.literal("function_call_output"), id, status, call_id: id, output: z.string() }),
  z.object({
    type: z.literal("reasoning"),
    id,
    summary: z.array(part),
    content: z.array(part).optional(),
    encrypted_content: z.string().optional(),
  }),
  z.object({ type: z.literal("compaction"), id, encrypted_content: z.string() }),
]);
const tool = z.object({
  type: z.literal("function"),
  name: id,
  description: z.string().nullable(),
  parameters: z.record(z.unknown()).nullable(),
  strict: z.boolean().nullable(),
});
const count = z.number().int().nonnegative();
const usage = z.object({
  input_tokens: count,
  input_tokens_details: z.object({ cached_tokens: count }),
  output_tokens: count,
  output_tokens_details: z.object({ reasoning_tokens: count }),
  total_tokens: count,
});
const response = z.object({
  id,
  object: z.literal("response"),
  created_at: z.number().int(),
  completed_at: z.number().int().nullable(),
  status: z.enum(["queued", "in_progress", "completed", "failed", "incomplete", "cancelled"]),
  incomplete_details: z.object({ reason: z.string() }).nullable(),
  model: z.string(),
  previous_response_id: z.string().nullable(),
  instructions: z.string().nullable(),
  output: z.array(item),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
  tools: z.array(tool),
  tool_choice: z.union([z.enum(["none", "auto", "required"]), z.object({ type: z.string() })]),
  truncation: z.enum(["auto", "disabled"]),
  parallel_tool_calls: z.boolean(),
  text: z.object({ format: z.object({ type: z.string() }) }),
  top_p: z.number(),
  presence_penalty: z.number(),
  frequency_penalty: z.number(),
  top_logprobs: z.number().int(),
  temperature: z.number(),
  reasoning: z
    .object({ effort: z.string().nullable(), summary: z.string().nullable() })
    .nullable(),
  usage: usage.nullable(),
  max_output_tokens: z.number().int().nullable(),
  max_tool_calls: z.number().int().nullable(),
  store: z.boolean(),
  background: z.boolean(),
  service_tier: z.string(),
  metadata: z.record(z.string()).nullish(),
  safety_identifier: z.string().nullable(),
  prompt_cache_key: z.string().nullable(),
});
const compaction = z.object({
  id,
  object: z.literal("response.compaction"),
  created_at: z.number().int(),
  output: z.array(item),
  usage,
});

const atItem = { item_id: id, output_index: count };
const atPart = { ...atItem, content_index: count };
const told = (type, fields) => z.object({ type: z.literal(type), sequence_number: count, ...fields });
const event = z.discriminatedUnion("type", [
  ...["created", "queued", "in_progress", "completed", "failed", "incomplete"].map((name) =>
    told(`response.${name}`, { response }),
  ),
  ...["added", "done"].flatMap((name) => [
    told(`response.output_item.${name}`, { output_index: count, item }),
    told(`response.content_part.${name}`, { ...atPart, part }),
  ]),
  told("response.output_text.delta", { ...atPart, delta: z.string(), logprobs: z.array(logprob) }),
  told("response.output_text.done", { ...atPart, text: z.string(), logprobs: z.array(logprob) }),
  told("response.function_call_arguments.delta", { ...atItem, delta: z.string() }),
  told("response.function_call_arguments.done", { ...atItem, arguments: z.string() }),
  told("error", {
    error: z.object({ type: z.string(), code: z.string().nullable(), message: z.string() }),
  }),
]);

// Requests.

async function post(path, body) {
  const wish = { method: "POST", headers, body: JSON.stringify(body) };
  const answer = await fetch(`${BASE_URL}${path}`, wish);
  return { answer, status: answer.status };
}

async function create(body) {
  const { answer, status } = await post("/responses", { model: MODEL, ...body });
  assert.equal(status, 200);
  const made = response.parse(await answer.json());
  assert.equal(made.status, "completed");
  assert.ok(made.output.length > 0);
  return made;
}

async function stream(body) {
  const { answer } = await post("/responses", { model: MODEL, stream: true, ...body });
  assert.match(answer.headers.get("content-type"), /^text\/event-stream/);
  const frames = (await answer.text()).trimEnd().split("\n\n");
  assert.equal(frames.pop(), "data: [DONE]");
  return frames.map((frame) => {
    const [name, data, ...rest] = frame.split("\n");
    assert.deepEqual(rest, []);
    const read = event.parse(JSON.parse(data.slice("data: ".length)));
    assert.equal(name, `event: ${read.type}`);
    return read;
  });
}

// One connection: each turn answers its last event, or the error.
async function connect(context) {
  const socket = new WebSocket(`${BASE_URL.replace(/^http/, "ws")}/responses`, { headers });
  context.after(() => socket.terminate());
  let [events, settle] = [[], () => {}];
  socket.on("message", (text) => {
    const read = JSON.parse(text);
    if (read.type === "error") return settle(read);
    events.push(event.parse(read));
    if (!/^response\.(completed|failed|incomplete)$/.test(read.type)) return undefined;
    checkStream(events);
    return settle(read);
  });
  await new Promise((opened, failed) => socket.on("open", opened).on("error", failed));
  return (body) =>
    new Promise((resolve) => {
      [events, settle] = [[], resolve];
      socket.send(JSON.stringify({ type: "response.create", model: MODEL, store: false, ...body }));
    });
}

function completed(last) {
  assert.equal(last.type, "response.completed", JSON.stringify(last));
  assert.ok(last.response.output.length > 0);
  return last.response;
}

function notFound(last) {
  assert.equal(last.type, "error");
  assert.equal(last.error.code, "previous_response_not_found");
  assert.equal(last.status, 400);
}

const question = [says("user", "Say hello in three words.")];

describe("Open Responses", () => {
  test("basic-response", () => create({ input: question }));

  test("assistant-phase", () =>
    create({
      input: [
        says("user", "Look it up."),
        says("assistant", "I am looking.", { phase: "commentary" }),
        says("assistant", "It is green.", { phase: "final_answer" }),
        ...question,
      ],
    }));

  test("response-output-phase-schema", () => {
    const content = [{ type: "output_text", text: "a", annotations: [] }];
    const message = { ...says("assistant", content), id: "msg_1", status: "completed" };
    for (const phase of ["commentary", "final_answer"])
      assert.equal(item.parse({ ...message, phase }).phase, phase);
    assert.throws(() => item.parse({ ...message, phase: null }));
  });

  test("streaming-response", async () => {
    const events = await stream({ input: "count to 5" });
    checkStream(events);
    assert.equal(events.at(-1).response.status, "completed");
  });

  test("system-prompt", () =>
    create({ input: [says("system", "Talk like a pirate."), ...question] }));

  test("tool-calling", async () => {
    const order = 'call tool get_weather with {"place": "Oslo"}';
    const made = await create({ input: [says("user", order)], tools: [WEATHER] });
    assert.equal(made.output[0].type, "function_call");
    assert.deepEqual(made.tools, [{ ...WEATHER, strict: null }]);
  });

  test("image-input", () => {
    const parts = [
      { type: "input_text", text: "What is it?" },
      { type: "input_image", image_url: PIXEL },
    ];
    return create({ input: [says("user", parts)] });
  });

  test("multi-turn", () =>
    create({ input: [says("user", "I am Ada."), says("assistant", "Hello Ada."), ...question] }));

  test("compact-response", async () => {
    const body = { model: MODEL, prompt_cache_key: "tea", input: question };
    const { answer, status } = await post("/responses/compact", body);
    assert.equal(status, 200);
    const made = compaction.parse(await answer.json());
    assert.ok(made.output.some((one) => one.type === "compaction"));
  });

  test("compact-missing-model", async () => {
    const { status } = await post("/responses/compact", { input: question });
    assert.ok([400, 422].includes(status));
  });

  test("websocket-response", async (context) => {
    const turn = await connect(context);
    completed(await turn({ input: question }));
  });

  test("websocket-sequential-responses", async (context) => {
    const turn = await connect(context);
    const first = completed(await turn({ input: "reply exactly one" }));
    const second = completed(await turn({ input: "reply exactly two" }));
    assert.notEqual(first.id, second.id);
    assert.equal(second.output[0].content[0].text, "two");
  });

  test("websocket-continuation", async (context) => {
    const turn = await connect(context);
    const { id: previous } = completed(await turn({ input: "remember that tea is green" }));
    const next = { input: "what is tea?", previous_response_id: previous };
    assert.equal(completed(await turn(next)).output[0].content[0].text, "green");
  });

  test("websocket-reconnect-store-false-recovery", async (context) => {
    const { id: previous } = completed(await (await connect(context))({ input: question }));
    const turn = await connect(context);
    notFound(await turn({ input: question, previous_response_id: previous }));
    completed(await turn({ input: question }));
  });

  test("websocket-previous-response-not-found", async (context) => {
    const turn = await connect(context);
    notFound(await turn({ input: question, previous_response_id: NOBODY }));
  });

  test("websocket-failed-continuation-evicts-cache", async (context) => {
    const turn = await connect(context);
    const { id: previous } = completed(await turn({ input: question }));
    const output = { type: "function_call_output", call_id: "call_nobody", output: "4" };
    const failed = await turn({ input: [output], previous_response_id: previous });
    assert.match(failed.type, /^(error|response\.failed)$/);
    notFound(await turn({ input: question, previous_response_id: previous }));
  });

  test("websocket-compact-new-chain", async (context) => {
    const { answer } = await post("/responses/compact", { model: MODEL, input: question });
    const { output } = compaction.parse(await answer.json());
    const turn = await connect(context);
    completed(await turn({ input: [...output, ...question] }));
  });
});

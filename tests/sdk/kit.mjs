// What the Node suites share.

import assert from "node:assert/strict";
import OpenAI from "openai";

export const BASE_URL = process.env.JAN_BASE_URL;
export const TOKEN = process.env.JAN_TOKEN;
export const TOOLS_URL = process.env.TOOLS_URL;
export const MODEL = "scripted-1";

export const connect = (options = {}) =>
  new OpenAI({ baseURL: BASE_URL, apiKey: TOKEN, maxRetries: 0, timeout: 30_000, ...options });

export const said = (content) => [{ role: "user", content }];

export async function gather(pages) {
  const all = [];
  for await (const one of pages) all.push(one);
  return all;
}

export async function refused(kind, call) {
  const error = await call.then(() => assert.fail("it was not refused"), (error) => error);
  assert.ok(error instanceof kind, String(error));
  assert.ok(error.requestID);
  return error;
}

const LAST = ["response.completed", "response.failed", "response.incomplete"];

// What holds of every stream of a response, whatever happens in it.
export function checkStream(events) {
  const kinds = events.map((event) => event.type);
  assert.equal(kinds[0], "response.created");
  assert.deepEqual(kinds.filter((kind) => LAST.includes(kind)), [kinds.at(-1)]);
  assert.deepEqual(events.map((event) => event.sequence_number), [...events.keys()]);
  assert.equal(new Set(events.flatMap((event) => event.response?.id ?? [])).size, 1);
  const items = (kind) =>
    events.filter((event) => event.type === kind).map((event) => [event.output_index, event.item]);
  const added = new Map(items("response.output_item.added"));
  const done = new Map(items("response.output_item.done"));
  assert.deepEqual([...added.keys()], [...added.keys()].map((_, place) => place));
  for (const [place, item] of done) assert.equal(item.id, added.get(place).id);
  const sorted = [...done].sort(([left], [right]) => left - right);
  assert.deepEqual(events.at(-1).response.output, sorted.map(([, item]) => item));
  return kinds;
}

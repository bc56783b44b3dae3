// What a Node program that uses the AI SDK (`ai` with `@ai-sdk/openai`) does with responses.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createOpenAI } from "@ai-sdk/openai";
import { Output, generateObject, generateText, isStepCount, streamText, tool } from "ai";
import { z } from "zod";

globalThis.AI_SDK_LOG_WARNINGS = false;
const sent = [];
const openai = createOpenAI({
  baseURL: process.env.JAN_BASE_URL,
  apiKey: process.env.JAN_TOKEN,
  fetch: (url, options) => {
    sent.push(JSON.parse(options.body));
    return fetch(url, options);
  },
});
const model = openai.responses("scripted-1");
const schema = z.object({ city: z.string(), degrees: z.number() });
const look_up = tool({
  description: "Looks a city's weather up.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `rain in ${city}`,
});
const server = openai.tools.mcp({
  serverLabel: "tools",
  serverUrl: process.env.TOOLS_URL,
  requireApproval: "never",
});
const LOOK_UP = 'call tool look_up with {"city": "Oslo"}';
const ECHO = 'call tool tools__echo with {"text": "tea"}';
const says = (content) => ({ role: "user", content });

// Every warning of the client is a failure of ours.
async function generate(wish) {
  const told = await generateText({ model, maxRetries: 0, ...wish });
  assert.deepEqual(told.warnings ?? [], []);
  return told;
}

async function stream(wish) {
  const failures = [];
  const onError = ({ error }) => failures.push(error);
  const told = streamText({ model, maxRetries: 0, onError, ...wish });
  const kinds = [];
  for await (const part of told.fullStream) kinds.push(part.type);
  return { told, kinds, failures };
}

describe("the AI SDK", () => {
  test("a text, its usage and its log probabilities", async () => {
    const told = await generate({ prompt: "reply exactly hi" });
    assert.equal(told.text, "hi");
    assert.equal(told.finishReason, "stop");
    assert.ok(told.usage.totalTokens > 0);
    const providerOptions = { openai: { logprobs: 2 } };
    const shown = await generate({ prompt: "reply exactly a b", providerOptions });
    assert.equal(shown.providerMetadata.openai.logprobs[0].length, 2);
    const cut = await generate({ prompt: "count to 50", maxOutputTokens: 16 });
    assert.equal(cut.finishReason, "length");
  });

  test("a tool, and a history with references to items", async () => {
    const wish = { tools: { look_up }, stopWhen: isStepCount(4) };
    const messages = [says(LOOK_UP)];
    const told = await generate({ ...wish, messages });
    assert.equal(told.text, "tool said: rain in Oslo");
    messages.push(...told.responseMessages, says("echo prompt"));
    const prompt = JSON.parse((await generate({ ...wish, messages })).text);
    assert.ok(sent.at(-1).input.some((item) => item.type === "item_reference"));
    const roles = prompt.map((message) => message.role);
    assert.deepEqual(roles, ["user", "assistant", "tool", "assistant", "user"]);
    assert.equal(prompt[3].content, "tool said: rain in Oslo");
  });

  test("a stream with a tool", async () => {
    const wish = { prompt: LOOK_UP, tools: { look_up }, stopWhen: isStepCount(4) };
    const { told, kinds, failures } = await stream(wish);
    assert.deepEqual(failures, []);
    assert.equal(await told.text, "tool said: rain in Oslo");
    for (const kind of ["tool-input-delta", "tool-call", "tool-result", "text-delta", "finish"])
      assert.ok(kinds.includes(kind), kind);
    assert.ok((await told.usage).totalTokens > 0);
  });

  test("an object, both ways", async () => {
    const prompt = "the weather";
    const { object } = await generateObject({ model, schema, prompt });
    assert.equal(typeof object.degrees, "number");
    const { output } = await generate({ prompt, output: Output.object({ schema }) });
    assert.deepEqual(output, object);
  });

  test("a server's tools, whole, streamed and in a history", async () => {
    const tools = { server };
    const told = await generate({ prompt: ECHO, tools });
    assert.equal(told.text, "tool said: tea");
    const messages = [says(ECHO), ...told.responseMessages, says("reply exactly on")];
    assert.equal((await generate({ messages, tools })).text, "on");
    const broken = 'call tool tools__fail with {"message": "no milk"}';
    for (const [prompt, text] of [[ECHO, /said: tea/], [broken, /no milk/]]) {
      const streamed = await stream({ prompt, tools });
      assert.deepEqual(streamed.failures, []);
      assert.match(await streamed.told.text, text);
    }
    assert.match((await generate({ prompt: broken, tools })).text, /no milk/);
  });

  test("an approval", async () => {
    const mcp = { serverLabel: "tools", serverUrl: process.env.TOOLS_URL };
    const tools = { server: openai.tools.mcp({ ...mcp, requireApproval: "always" }) };
    const question = says('call tool tools__charge with {"amount": 5}');
    const asked = await generate({ messages: [question], tools });
    const request = asked.content.find((part) => part.type === "tool-approval-request");
    const { approvalId } = request;
    const given = { type: "tool-approval-response", approvalId, approved: true };
    const answer = { role: "tool", content: [{ ...given, providerExecuted: true }] };
    const messages = [question, ...asked.responseMessages, answer];
    assert.equal((await generate({ messages, tools })).text, "tool said: charged 5");
  });

  test("thoughts, kept by the client and by the server", async () => {
    const first = says("think it is warm then reply remembered");
    for (const store of [true, false]) {
      const providerOptions = { openai: { store, reasoningEffort: "low", forceReasoning: true } };
      const told = await generate({ messages: [first], providerOptions });
      const messages = [first, ...told.responseMessages, says("reply exactly on")];
      assert.equal((await generate({ messages, providerOptions })).text, "on");
    }
  });

  test("a chain", async () => {
    const first = await generate({ prompt: "remember that tea is green" });
    const previousResponseId = first.providerMetadata.openai.responseId;
    const providerOptions = { openai: { previousResponseId } };
    assert.equal((await generate({ prompt: "what is tea?", providerOptions })).text, "green");
  });

  test("errors", async () => {
    const nobody = generate({ model: openai.responses("nobody"), prompt: "hi" });
    await assert.rejects(nobody, ({ statusCode, data }) => {
      assert.equal(statusCode, 404);
      return data.error.code === "model_not_found";
    });
    const { kinds, failures } = await stream({ prompt: "count to 9 [fault=error_chunk]" });
    assert.ok(kinds.includes("error") && failures.length > 0);
  });
});

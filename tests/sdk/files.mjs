// What a Node program that uses `openai` does with files, and with images by their ids.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import OpenAI, { toFile } from "openai";
import { MODEL, connect, gather, refused } from "./kit.mjs";

const client = connect();
const keep = async (name, content, more = {}) =>
  client.files.create({ file: await toFile(content, name), purpose: "user_data", ...more });

// The head of a PNG of two by two pixels; nobody here decodes more.
const png = Buffer.from(
  "89504e470d0a1a0a0000000d4948445200000002000000020806000000" + "00000000",
  "hex",
);

describe("files", () => {
  test("a file from its coming to its end", async () => {
    const kept = await keep("notes.txt", Buffer.from("high tide"));
    assert.equal(kept.object, "file");
    assert.deepEqual([kept.filename, kept.bytes, kept.status], ["notes.txt", 9, "processed"]);
    assert.deepEqual(await client.files.retrieve(kept.id), kept);
    const content = await client.files.content(kept.id);
    assert.equal(await content.text(), "high tide");
    assert.equal((await client.files.waitForProcessing(kept.id)).id, kept.id);
    const gone = await client.files.delete(kept.id);
    assert.deepEqual([gone.id, gone.deleted], [kept.id, true]);
    await refused(OpenAI.NotFoundError, client.files.retrieve(kept.id));
  });

  test("a list goes on by itself", async () => {
    const names = [0, 1, 2, 3, 4].map((number) => `page-${number}.txt`);
    for (const name of names) await keep(name, Buffer.from(name), { purpose: "batch" });
    const found = await gather(client.files.list({ purpose: "batch", limit: 2, order: "asc" }));
    assert.deepEqual(found.map((file) => file.filename), names);
  });

  test("a chat and a response see an image by its id", async () => {
    const image = await keep("tea.png", png, { purpose: "vision" });
    const text = "reply exactly seen";
    const chat = await client.chat.completions.create({
      model: MODEL,
      messages: [{ role: "user", content: [
        { type: "text", text },
        { type: "image_url", image_url: { url: image.id } },
      ] }],
    });
    assert.equal(chat.choices[0].message.content, "seen");
    const content = [
      { type: "input_text", text },
      { type: "input_image", file_id: image.id, detail: "low" },
    ];
    const answer = await client.responses.create({ model: MODEL, input: [{ role: "user", content }] });
    assert.equal(answer.output_text, "seen");
  });

  test("what is wrong names its field", async () => {
    const error = await refused(OpenAI.BadRequestError, keep("a.txt", Buffer.from("x"), { purpose: "tea" }));
    assert.equal(error.param, "purpose");
  });
});

// What the Codex CLI does with a server of ours as its model provider: a task of several turns, with
// the shell tool, in a directory of its own.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";

const CODEX = join(
  dirname(createRequire(import.meta.url).resolve("@openai/codex/package.json")),
  "bin/codex.js",
);
const CONFIG = `
model = "scripted-1"
model_provider = "jan"
approval_policy = "never"
sandbox_mode = "danger-full-access"

[model_providers.jan]
name = "Jan"
base_url = "${process.env.JAN_BASE_URL}"
wire_api = "responses"
env_key = "JAN_TOKEN"
request_max_retries = 0
stream_max_retries = 0
`;
const shell = (cmd) => `call tool exec_command with ${JSON.stringify({ cmd })}`;

let work;
let home;
before(async () => {
  work = await mkdtemp(join(tmpdir(), "jan-codex-"));
  home = await mkdtemp(join(tmpdir(), "jan-codex-home-"));
  await writeFile(join(home, "config.toml"), CONFIG);
});
after(() => Promise.all([work, home].map((path) => rm(path, { recursive: true }))));

// One run of the program: what it tells, line by line, and its log.
async function codex(socket, ...words) {
  const transport = ["-c", `model_providers.jan.supports_websockets=${socket}`];
  const line = [CODEX, "exec", ...words.slice(0, -1), ...transport, "--skip-git-repo-check"];
  const env = { ...process.env, CODEX_HOME: home, RUST_LOG: "codex_core=info,codex_api=info" };
  const options = { cwd: work, env, stdio: ["ignore", "pipe", "pipe"] };
  const program = spawn(process.execPath, [...line, "--json", words.at(-1)], options);
  let [told, log] = ["", ""];
  program.stdout.on("data", (more) => (told += more));
  program.stderr.on("data", (more) => (log += more));
  await new Promise((ended) => program.on("close", ended));
  return Object.assign(told.trim().split("\n").map((text) => JSON.parse(text)), { log });
}

const items = (events, type) =>
  events.flatMap(({ type: kind, item }) =>
    kind === "item.completed" && item.type === type ? [item] : [],
  );

function completed(events) {
  assert.equal(events.at(-1).type, "turn.completed", JSON.stringify(events));
  assert.ok(events.at(-1).usage.output_tokens > 0);
}

describe("the Codex CLI", () => {
  for (const socket of [false, true]) {
    test(`a task of several turns with its shell, over a WebSocket: ${socket}`, async () => {
      const first = `${shell("echo tea is green > note.txt")}\nthen ${shell("cat note.txt")}`;
      const events = await codex(socket, first);
      completed(events);
      assert.equal(events.log.includes("responses_websocket"), socket);
      const runs = items(events, "command_execution");
      assert.deepEqual(runs.map((run) => run.exit_code), [0, 0]);
      assert.equal(runs[1].aggregated_output, "tea is green\n");
      assert.match(items(events, "agent_message").at(-1).text, /tea is green/);
      const changed = await codex(
        socket, "resume", "--last", shell("sed -i s/green/hot/ note.txt"));
      completed(changed);
      assert.equal(await readFile(join(work, "note.txt"), "utf8"), "tea is hot\n");
      const counted = await codex(socket, "resume", "--last", "count messages");
      assert.ok(Number(items(counted, "agent_message")[0].text) >= 10);
    });
  }

  test("a tool out of a namespace", async () => {
    const order = { message: "reply exactly done" };
    const events = await codex(false, `call tool spawn_agent with ${JSON.stringify(order)}`);
    completed(events);
    assert.doesNotMatch(JSON.stringify(events), /unsupported call/);
  });

  test("a failure of the model is told", async () => {
    const events = await codex(false, "hi [fault=500]");
    assert.equal(events.at(-1).type, "turn.failed");
    assert.ok(events.at(-1).error.message);
  });
});

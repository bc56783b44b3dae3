// What a Node program does with the GraphQL endpoint, with the clients that everybody uses.

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { describe, test } from "node:test";
import { buildClientSchema, getIntrospectionQuery, printSchema } from "graphql";
import { ClientError, GraphQLClient, gql } from "graphql-request";
import { createClient as createEventClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import WebSocket from "ws";
import { BASE_URL, MODEL, TOKEN, checkStream, connect } from "./kit.mjs";

const ADDRESS = `${BASE_URL.slice(0, -"/v1".length)}/graphql`;
const headers = { authorization: `Bearer ${TOKEN}` };
const client = new GraphQLClient(ADDRESS, { headers });
const STREAM = gql`
  subscription ($id: ID!) {
    responseStream(id: $id) { type sequenceNumber event }
  }
`;
const CREATE = gql`
  mutation ($input: CreateConversationInput!) {
    createConversation(input: $input) {
      conversation { id title items { nodes { text role } } }
      userErrors { code field message }
    }
  }
`;

async function begun(said) {
  const response = await connect().responses.create({ model: MODEL, input: said, background: true });
  return response.id;
}

describe("graphql-request", () => {
  test("a query", async () => {
    const { viewer, models } = await client.request(gql`{ viewer { kind } models { id } }`);
    assert.equal(viewer.kind, "GUEST");
    assert.ok(models.some((model) => model.id === MODEL));
  });

  test("a mutation, once under its key", async () => {
    const idempotencyKey = randomUUID();
    const items = [{ role: "user", content: "hello" }];
    const input = { title: "Tea", items, idempotencyKey };
    const { createConversation: made } = await client.request(CREATE, { input });
    assert.deepEqual(made.userErrors, []);
    assert.deepEqual(made.conversation.items.nodes, [{ text: "hello", role: "user" }]);
    const { createConversation: again } = await client.request(CREATE, { input });
    assert.equal(again.conversation.id, made.conversation.id);
    const read = await connect().conversations.retrieve(made.conversation.id);
    assert.equal(read.title, "Tea");
  });

  test("what is refused is told at its field", async () => {
    const { createConversation: made } = await client.request(CREATE, { input: { title: "x".repeat(300) } });
    assert.equal(made.conversation, null);
    assert.deepEqual(made.userErrors.map(({ code, field }) => [code, field]), [["INVALID_VALUE", "title"]]);
    const wrong = await client.request(gql`{ nonsense }`).catch((error) => error);
    assert.ok(wrong instanceof ClientError);
    assert.equal(wrong.response.errors[0].extensions.code, "INVALID_QUERY");
    const nobody = await new GraphQLClient(ADDRESS).request(gql`{ models { id } }`).catch((error) => error);
    assert.equal(nobody.response.status, 401);
    assert.equal(nobody.response.errors[0].extensions.code, "UNAUTHENTICATED");
  });

  test("a list is walked to its end", async () => {
    for (let made = 0; made < 5; made += 1) await client.request(CREATE, { input: { referrer: "walk" } });
    const page = gql`
      query ($after: String) {
        conversations(first: 2, after: $after, referrer: "walk") {
          totalCount
          pageInfo { hasNextPage endCursor }
          nodes { id }
        }
      }
    `;
    const ids = [];
    let after = null;
    do {
      const { conversations } = await client.request(page, { after });
      assert.equal(conversations.totalCount, 5);
      ids.push(...conversations.nodes.map((node) => node.id));
      after = conversations.pageInfo.hasNextPage ? conversations.pageInfo.endCursor : null;
    } while (after);
    assert.equal(new Set(ids).size, 5);
  });

  test("the schema is one that graphql-js can build", async () => {
    const schema = buildClientSchema(await client.request(getIntrospectionQuery()));
    assert.match(printSchema(schema), /type Conversation implements Node/);
  });
});

describe("graphql-ws", () => {
  test("a run's stream", async () => {
    const socket = createSocketClient({
      url: ADDRESS.replace("http", "ws"),
      webSocketImpl: WebSocket,
      connectionParams: { Authorization: `Bearer ${TOKEN}` },
    });
    const events = [];
    const id = await begun("count to 20");
    for await (const { data, errors } of socket.iterate({ query: STREAM, variables: { id } })) {
      assert.equal(errors, undefined);
      events.push(data.responseStream.event);
    }
    assert.equal(checkStream(events).at(-1), "response.completed");
    await socket.dispose();
  });

  test("a stranger is shown out", async () => {
    const socket = createSocketClient({
      url: ADDRESS.replace("http", "ws"),
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { Authorization: "Bearer nonsense" },
    });
    const following = socket.iterate({ query: "{ models { id } }" }).next();
    const closed = await following.then(() => assert.fail("it was let in"), (event) => event);
    assert.equal(closed.code, 4403);
  });
});

describe("graphql-sse", () => {
  test("a run's stream", async () => {
    const stream = createEventClient({ url: ADDRESS, headers });
    const events = [];
    const id = await begun("count to 20");
    for await (const { data } of stream.iterate({ query: STREAM, variables: { id } })) {
      events.push(data.responseStream.event);
    }
    assert.equal(checkStream(events).at(-1), "response.completed");
    stream.dispose();
  });
});

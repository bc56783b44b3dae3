"use strict";

const at = (id) => document.getElementById(id);
const ADDRESS = location.pathname;
const EXAMPLES = {
  "Who am I?": "{\n  viewer {\n    username\n    kind\n    usage { model requests outputTokens }\n  }\n}",
  "My conversations": "{\n  conversations(first: 10) {\n    totalCount\n    edges {\n      node {\n        id\n        title\n        items(last: 5) { edges { node { role text } } }\n      }\n    }\n  }\n}",
  "Ask a model": "mutation Ask($input: CreateResponseInput!) {\n  createResponse(input: $input) {\n    response { id status outputText }\n    userErrors { code field message }\n  }\n}",
  "Follow a response": "subscription Follow($id: ID!) {\n  responseStream(id: $id) { sequenceNumber type event }\n}",
  "Follow a conversation": "subscription Follow($id: ID!) {\n  conversationEvents(id: $id) { version type change }\n}",
};
const INTROSPECTION = `query {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    types {
      kind name description
      fields { name description args { name description type { ...T } } type { ...T } }
      inputFields { name description type { ...T } }
      enumValues { name description }
      possibleTypes { name }
    }
  }
}
fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

// The last of what was written stays for the tab's life; the token with it, and no longer.
const kept = {
  get: (name, otherwise) => sessionStorage.getItem(`graphql.${name}`) ?? otherwise,
  set: (name, value) => sessionStorage.setItem(`graphql.${name}`, value),
};

let socket = null;

function tell(text, wrong = false) {
  at("state").textContent = text;
  at("state").className = wrong ? "wrong" : "";
}

function show(value) {
  at("answer").textContent = JSON.stringify(value, null, 2);
}

async function post(body) {
  const headers = {
    "content-type": "application/json",
    accept: "application/graphql-response+json, application/json",
  };
  const token = at("token").value.trim();
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(ADDRESS, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: answer.status, told: await answer.json() };
}

function asked() {
  const query = at("query").value;
  const text = at("variables").value.trim();
  let variables = {};
  try {
    variables = text ? JSON.parse(text) : {};
  } catch (error) {
    throw new Error(`The variables are not JSON: ${error.message}`);
  }
  return { query, variables };
}

async function run() {
  stop();
  kept.set("query", at("query").value);
  kept.set("variables", at("variables").value);
  kept.set("token", at("token").value);
  try {
    const body = asked();
    if (/^\s*(#.*\n\s*)*subscription\b/.test(body.query)) return follow(body);
    tell("Asking …");
    const begun = performance.now();
    const { status, told } = await post(body);
    const took = Math.round(performance.now() - begun);
    show(told);
    tell(`${status}, ${took} ms`, status !== 200 || Boolean(told.errors));
  } catch (error) {
    tell(error.message, true);
  }
}

// A subscription, in the protocol graphql-transport-ws.
function follow(body) {
  const events = [];
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const connection = new WebSocket(`${scheme}://${location.host}${ADDRESS}`, "graphql-transport-ws");
  const say = (message) => connection.send(JSON.stringify(message));
  socket = connection;
  at("stop").hidden = false;
  at("answer").textContent = "";
  tell("Connecting …");
  connection.onopen = () => say({ type: "connection_init", payload: { token: at("token").value.trim() } });
  connection.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") {
      tell("Following …");
      say({ type: "subscribe", id: "1", payload: body });
    } else if (message.type === "next") {
      events.push(message.payload.data ?? message.payload);
      const answer = at("answer");
      answer.append(`${JSON.stringify(events.at(-1), null, 2)}\n`);
      answer.scrollTop = answer.scrollHeight;
      tell(`Following: ${events.length} so far`);
    } else if (message.type === "error") {
      show(message.payload);
      stop("Refused.", true);
    } else if (message.type === "complete") {
      stop(`Over, after ${events.length}.`);
    }
  };
  connection.onclose = ({ code, reason }) => {
    if (socket === connection) stop(`Closed: ${reason || code}.`, true);
  };
}

function stop(text, wrong) {
  const connection = socket;
  socket = null;
  at("stop").hidden = true;
  if (connection) connection.close();
  if (text) tell(text, wrong);
}

async function beGuest() {
  const answer = await fetch("/auth/guest", { method: "POST" });
  const told = await answer.json();
  if (!answer.ok) return tell(told.error?.message ?? "Guests are not let in.", true);
  at("token").value = told.access_token;
  kept.set("token", told.access_token);
  tell("You are a new guest.");
  return learn();
}

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

function nameOf(type) {
  if (type.kind === "NON_NULL") return `${nameOf(type.ofType)}!`;
  if (type.kind === "LIST") return `[${nameOf(type.ofType)}]`;
  return type.name;
}

function linkTo(type) {
  const link = element("a", nameOf(type));
  link.href = `#${nameOf(type).replace(/[[\]!]/g, "")}`;
  link.onclick = (event) => {
    event.preventDefault();
    at("find").value = "";
    filter();
    const found = document.getElementById(`type-${link.hash.slice(1)}`);
    if (found) {
      found.open = true;
      found.scrollIntoView({ block: "start" });
    }
  };
  return link;
}

function described(field) {
  const args = (field.args ?? []).flatMap((arg, place) => [
    place ? ", " : "(", `${arg.name}: `, linkTo(arg.type),
  ]);
  const head = element("code", field.name, ...args, args.length ? ")" : "");
  if (field.type) head.append(": ", linkTo(field.type));
  return [element("dt", head), element("dd", field.description ?? "")];
}

function drawn(type, open) {
  const parts = [type.fields, type.inputFields, type.enumValues].flatMap((list) => list ?? []);
  const box = element("details", element("summary", type.name), element("p", type.description ?? ""));
  box.id = `type-${type.name}`;
  box.open = open;
  const list = element("dl", ...parts.flatMap(described));
  for (const possible of type.possibleTypes ?? []) {
    list.append(element("dt", linkTo({ kind: "OBJECT", name: possible.name })));
  }
  if (list.childElementCount) box.append(list);
  return box;
}

// The schema's own words are its documentation.
async function learn() {
  const box = at("schema");
  if (!at("token").value.trim()) {
    box.replaceChildren(element("p", "With a token, the schema is shown here."));
    return;
  }
  const { told } = await post({ query: INTROSPECTION });
  if (told.errors) {
    box.replaceChildren(element("p", told.errors[0].message));
    return;
  }
  const schema = told.data.__schema;
  const roots = ["queryType", "mutationType", "subscriptionType"].map((root) => schema[root]?.name);
  const types = schema.types.filter((type) => !type.name.startsWith("__"));
  const place = (type) => (roots.includes(type.name) ? roots.indexOf(type.name) : roots.length);
  types.sort((left, right) => place(left) - place(right) || left.name.localeCompare(right.name));
  box.replaceChildren(...types.map((type) => drawn(type, type.name === roots[0])));
  filter();
}

function filter() {
  const wanted = at("find").value.trim().toLowerCase();
  for (const box of at("schema").querySelectorAll("details")) {
    box.hidden = Boolean(wanted) && !box.textContent.toLowerCase().includes(wanted);
  }
}

function indent(event) {
  if (event.key === "Tab" && !event.shiftKey) {
    event.preventDefault();
    event.target.setRangeText("  ", event.target.selectionStart, event.target.selectionEnd, "end");
  }
}

at("run").onclick = run;
at("stop").onclick = () => stop("Stopped.");
at("guest").onclick = () => beGuest().catch((error) => tell(error.message, true));
at("token").onchange = () => learn().catch((error) => tell(error.message, true));
at("find").oninput = filter;
at("query").onkeydown = indent;
document.onkeydown = (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
};
for (const name of Object.keys(EXAMPLES)) at("examples").append(element("option", name));
at("examples").onchange = ({ target }) => {
  if (EXAMPLES[target.value]) at("query").value = EXAMPLES[target.value];
  if (target.value === "Ask a model") {
    at("variables").value = '{\n  "input": { "model": "smollm2-135m", "input": "Say hello." }\n}';
  } else if (target.value.startsWith("Follow")) {
    at("variables").value = '{ "id": "" }';
  } else if (target.value) {
    at("variables").value = "{}";
  }
  target.value = "";
};
at("query").value = kept.get("query", EXAMPLES["Who am I?"]);
at("variables").value = kept.get("variables", "{}");
at("token").value = kept.get("token", "");
learn().catch((error) => tell(error.message, true));

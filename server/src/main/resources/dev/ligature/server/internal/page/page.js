"use strict";

const POLL_MILLIS = 2000;
const STATE_MILLIS = 5000; // that an answer about the server's state may take
const GRACE_SECONDS = 10; // for an answer to arrive that took as long as the server lets it
const FEW = 12; // models, of which nobody needs to search
const MOST_SHOWN = 60; // models at a time
const byId = id => document.getElementById(id);

let key = ""; // in memory alone
let state = null;
let running = null; // what stops the answers that are on their way
let chosen = new Set();
let polled = ""; // what is said of the last poll, if that failed
let isPolling = false;
let timer = 0;

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  Object.entries(attributes).forEach(([attribute, value]) => made.setAttribute(attribute, value));
  return made;
}

function say(text) {
  byId("said").textContent = text;
}

function problem(text) {
  if (byId("problem").textContent !== text) { // or a screen reader would say it again
    byId("problem").textContent = text;
  }
  byId("problem").hidden = !text;
}

/** Says what is wrong with the server's state, as long as it is; nothing else is taken back. */
function pollProblem(text) {
  if (text || byId("problem").textContent === polled) {
    problem(text);
  }
  polled = text;
}

/** An answer that is no success, with the server's own words. */
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Asks the server; an answer that does not come in time is an error. */
async function ask(path, body, stopped) {
  const limit = AbortSignal.timeout(
    body ? (state.load.request_seconds + GRACE_SECONDS) * 1000 : STATE_MILLIS);
  const signal = stopped ? AbortSignal.any([stopped, limit]) : limit;
  const headers = key ? { authorization: "Bearer " + key } : {};
  if (body) {
    headers["content-type"] = "application/json";
  }
  const response = await fetch(path, {
    method: body ? "POST" : "GET", headers, signal, cache: "no-store", credentials: "omit",
    body: body ? JSON.stringify(body) : undefined,
  });
  if (!response.ok) {
    const error = await response.json().catch(() => ({}));
    throw new Refusal(response.status, error.error?.message ?? "Status " + response.status + ".");
  }
  return response;
}

/** Says what an error means. */
function reason(error) {
  if (error instanceof Refusal) {
    return error.message;
  }
  return error.name === "TimeoutError"
    ? "The server does not answer: nothing came in time."
    : "The server does not answer: " + error.message;
}

/** Calls a function with the data of each event of a stream. */
async function events(response, take) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    text += piece.value;
    const whole = text.split("\n\n");
    text = whole.pop();
    for (const event of whole) {
      const data = event.replace(/^data: /, "");
      if (data !== "[DONE]") {
        take(JSON.parse(data));
      }
    }
  }
}

function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let unit = 0;
  let value = count;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return (unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)) + " " + units[unit];
}

function showModels() {
  const filter = byId("filter").value.toLowerCase();
  const focused = document.activeElement?.value;
  const inList = byId("models").contains(document.activeElement);
  byId("filter-row").hidden = state.models.length <= FEW;
  const found = state.models.filter(model =>
    chosen.has(model.name) || model.name.toLowerCase().includes(filter));
  byId("more").hidden = found.length <= MOST_SHOWN;
  byId("more").textContent = found.length - MOST_SHOWN + " more. Write a part of a name to find them.";
  byId("models").replaceChildren(...found.slice(0, MOST_SHOWN)
    .map(model => {
      const label = element("label");
      const box = element("input", undefined, { type: "checkbox", value: model.name });
      box.checked = chosen.has(model.name);
      box.addEventListener("change", () => {
        box.checked ? chosen.add(model.name) : chosen.delete(model.name);
      });
      label.append(box, element("span", model.name));
      if (model.loaded) {
        label.append(element("span", "in memory", { class: "loaded" }));
      }
      const item = element("li");
      item.append(label);
      return item;
    }));
  if (inList) { // the list is new, and the keyboard stays where it was
    [...byId("models").querySelectorAll("input")].find(box => box.value === focused)?.focus();
  }
}

function showLoad() {
  const { load, memory } = state;
  const tiles = [
    ["Texts computed now", load.rows + " of " + load.max_batch],
    ["Requests that wait", load.waiting + " of " + load.max_waiting],
    ["Adapters in memory", String(memory.adapters)],
    ["Adapters in use", String(memory.leased)],
    ["Their memory", bytes(memory.bytes) + " of " + bytes(memory.budget_bytes)],
  ];
  byId("load").replaceChildren(...tiles.map(([what, value]) => {
    const tile = element("div");
    tile.append(element("dt", what), element("dd", value));
    return tile;
  }));
}

function showTask() {
  const help = {
    completion: "The models go on with this text.",
    embedding: "A text in each line. The similarities of the first to the others are the answer.",
    classification: "A text in each line.",
  };
  const isText = state.model.task === "completion";
  byId("prompt-label").textContent = isText ? "Prompt" : "Texts";
  byId("prompt-help").textContent = help[state.model.task];
  byId("settings").hidden = !isText;
  byId("chat-row").hidden = !state.model.chat;
  byId("chat").checked = state.model.chat;
  byId("tokens").max = state.load.max_tokens;
  byId("tokens").value = Math.min(64, state.load.max_tokens);
}

function showModules(modules) {
  const tied = modules.filter(module => module.tied_to);
  byId("modules-about").textContent = modules.length + " modules that adapters can act on; "
    + (tied.length ? "tied: " + tied.map(module => module.name + " to " + module.tied_to).join(", ")
      : "none of them are tied") + ".";
  const table = element("table");
  const head = element("tr");
  ["Name", "Kind", "Weight", "Tied to"].forEach(title =>
    head.append(element("th", title, { scope: "col" })));
  const body = element("tbody");
  for (const module of modules) {
    const row = element("tr");
    row.append(element("td", module.name), element("td", module.kind),
      element("td", module.shape.length ? module.shape.join(" × ") : "–"),
      element("td", module.tied_to ?? "–"));
    body.append(row);
  }
  const top = element("thead");
  top.append(head);
  table.append(element("caption", "Modules, their weights and ties", { class: "spoken" }), top, body);
  byId("modules").replaceChildren(table);
}

function needsKey(error) {
  return error instanceof Refusal && error.status === 401;
}

async function refresh() {
  if (isPolling) {
    return; // by one that has not its answer yet
  }
  isPolling = true;
  try {
    const before = state;
    state = await (await ask("v1/status")).json();
    showLoad();
    if (JSON.stringify(before?.models) !== JSON.stringify(state.models)) {
      showModels();
    }
    pollProblem("");
  } catch (error) {
    if (needsKey(error)) {
      byId("key-form").hidden = false;
      pollProblem("The server needs a key: " + error.message);
    } else {
      pollProblem(reason(error));
    }
  } finally {
    isPolling = false;
  }
}

async function start() {
  clearTimeout(timer);
  try {
    state = await (await ask("v1/status")).json();
  } catch (error) {
    if (needsKey(error)) {
      byId("key-form").hidden = false;
      byId("about").textContent = "It asks for a key.";
      pollProblem(key ? error.message : "");
      byId("key").focus();
    } else {
      pollProblem(reason(error));
      timer = setTimeout(start, POLL_MILLIS);
    }
    return;
  }
  problem("");
  byId("key-form").hidden = true;
  const adapters = state.models.filter(model => model.adapter);
  const name = state.model.name ?? "Adapters"; // of a base that the key may not use
  byId("name").textContent = name;
  document.title = name + " – Ligature";
  byId("about").textContent = state.model.description + " with " + adapters.length
    + (adapters.length === 1 ? " adapter" : " adapters") + ", served by Ligature. Texts have up to "
    + state.model.max_model_len.toLocaleString("en") + " tokens.";
  chosen = new Set(state.models.filter(model => !model.adapter).concat(adapters.slice(0, 2))
    .map(model => model.name));
  showModels();
  showLoad();
  showTask();
  byId("ready").hidden = false;
  byId("prompt").focus();
  ask("v1/modules").then(response => response.json()).then(answer => showModules(answer.modules))
    .catch(error => problem("The modules cannot be listed: " + reason(error)));
  clearInterval(timer);
  timer = setInterval(() => {
    if (!document.hidden) {
      refresh();
    }
  }, POLL_MILLIS);
}

function answerOf(name) {
  const article = element("article", undefined, { class: "answer", "aria-busy": "true" });
  const title = element("h3", name);
  title.id = "answer-" + name;
  article.setAttribute("aria-labelledby", title.id);
  const about = element("p", "Waiting", { class: "muted" });
  const output = element("pre");
  article.append(title, about, output);
  byId("answers").append(article);
  return { article, about, output };
}

/** Streams a text; returns what is said of it. */
async function complete(name, prompt, answer, signal) {
  const isChat = state.model.chat && byId("chat").checked;
  const body = {
    model: name, stream: true, stream_options: { include_usage: true },
    max_tokens: Number(byId("tokens").value), temperature: Number(byId("temperature").value),
  };
  if (isChat) {
    body.messages = [{ role: "user", content: prompt }];
  } else {
    body.prompt = prompt;
    answer.output.append(element("span", prompt, { class: "prompt" }));
  }
  const began = performance.now();
  let first = 0;
  let usage = null;
  let finish = "";
  const text = document.createTextNode("");
  answer.output.append(text);
  const response = await ask(isChat ? "v1/chat/completions" : "v1/completions", body, signal);
  await events(response, event => {
    if (event.error) {
      throw new Refusal(200, event.error.message);
    }
    const choice = event.choices[0];
    const piece = choice?.text ?? choice?.delta?.content ?? "";
    if (piece) {
      first ||= performance.now() - began;
      text.appendData(piece);
      answer.about.textContent = "First token after " + Math.round(first) + " ms";
    }
    finish = choice?.finish_reason ?? finish;
    usage = event.usage ?? usage;
  });
  const tokens = usage?.completion_tokens ?? 0;
  const seconds = (performance.now() - began) / 1000;
  return tokens + " tokens in " + seconds.toFixed(2) + " s, the first after " + Math.round(first)
    + " ms; " + (finish === "length" ? "as many as were asked for" : "the model ended it");
}

function rows(answer, titles, lines) {
  const table = element("table");
  const head = element("tr");
  titles.forEach((title, i) =>
    head.append(element("th", title, i ? { scope: "col", class: "number" } : { scope: "col" })));
  const top = element("thead");
  top.append(head);
  const body = element("tbody");
  for (const line of lines) {
    const row = element("tr");
    line.forEach((cell, i) => row.append(element("td", cell, i ? { class: "number" } : {})));
    body.append(row);
  }
  table.append(top, body);
  answer.output.replaceWith(table);
}

function cosine(a, b) {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

async function embed(name, prompt, answer, signal) {
  const texts = prompt.split("\n").filter(line => line.trim());
  const response = await ask("v1/embeddings", { model: name, input: texts }, signal);
  const { data, usage } = await response.json();
  rows(answer, ["Text", "Similarity"], data.slice(1).map((entry, i) =>
    [texts[i + 1], cosine(data[0].embedding, entry.embedding).toFixed(3)]));
  return usage.prompt_tokens + " tokens; embeddings of " + data[0].embedding.length + " numbers";
}

async function classify(name, prompt, answer, signal) {
  const texts = prompt.split("\n").filter(line => line.trim());
  const response = await ask("v1/classify", { model: name, input: texts }, signal);
  const { data, usage } = await response.json();
  rows(answer, ["Text", "Label", "Probability"], data.map((entry, i) =>
    [texts[i], entry.label, Math.max(...entry.probs).toFixed(3)]));
  return usage.prompt_tokens + " tokens";
}

async function send() {
  const names = state.models.map(model => model.name).filter(name => chosen.has(name));
  if (!names.length) {
    problem("Choose a model first.");
    byId("models").querySelector("input")?.focus();
    return;
  }
  problem("");
  stop();
  const control = new AbortController();
  running = control;
  byId("stop").disabled = false;
  byId("no-answers").hidden = true;
  byId("answers").replaceChildren();
  say("Asking " + names.join(", "));
  const prompt = byId("prompt").value;
  const task = { completion: complete, embedding: embed, classification: classify }[state.model.task];
  await Promise.all(names.map(async name => {
    const answer = answerOf(name);
    try {
      answer.about.textContent = await task(name, prompt, answer, control.signal);
    } catch (error) {
      answer.about.textContent = error.name === "AbortError" ? "Stopped" : reason(error);
      answer.about.className = error.name === "AbortError" ? "muted" : "problem";
    }
    answer.article.setAttribute("aria-busy", "false");
    if (running === control) {
      say(name + ": " + answer.about.textContent);
    }
  }));
  if (running === control) {
    running = null;
    byId("stop").disabled = true;
    refresh();
  }
}

function stop() {
  if (document.activeElement === byId("stop")) {
    byId("prompt").focus(); // a button that cannot be pressed keeps no focus
  }
  running?.abort();
  running = null;
  byId("stop").disabled = true;
}

byId("key-form").addEventListener("submit", event => {
  event.preventDefault();
  key = byId("key").value.trim();
  byId("key").value = "";
  start();
});
byId("ask").addEventListener("submit", event => {
  event.preventDefault();
  send();
});
byId("stop").addEventListener("click", stop);
byId("filter").addEventListener("input", showModels);
document.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && state) {
    byId("ask").requestSubmit();
  } else if (event.key === "Escape") {
    stop();
  }
});
start();

// Uses two servers of Ligature through OpenAI's own client, and prints a line for each check.
//   node openai.mjs EXPECTED.json      the addresses, and what ./ligature computed without a server

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import OpenAI from "openai";

const expected = JSON.parse(readFileSync(process.argv[2], "utf8"));
const texts = new OpenAI({ baseURL: expected.texts, apiKey: "none", maxRetries: 0 });
const sentences = new OpenAI({ baseURL: expected.sentences, apiKey: "none", maxRetries: 0 });
const { base, adapter, prompts, encoder } = expected;
const request = { model: adapter, max_tokens: 8, temperature: 0 };

async function completed(prompt, model = adapter) {
  const answer = await texts.completions.create({ ...request, model, prompt });
  return answer.choices.map((choice) => choice.text);
}

const checks = {
  "models.list names the base and the adapter": async () => {
    const names = [];
    for await (const model of await texts.models.list()) names.push(model.id);
    assert.deepEqual(names.sort(), [base, adapter].sort());
  },
  "models.retrieve": async () => {
    assert.equal((await texts.models.retrieve(adapter)).id, adapter);
    await assert.rejects(texts.models.retrieve("nobody"), OpenAI.NotFoundError);
  },
  "completions.create gives what generate gives, of the base and of the adapter": async () => {
    assert.deepEqual(await completed(prompts[0]), [expected.adapted]);
    assert.deepEqual(await completed(prompts[0], base), [expected.plain]);
  },
  "an array of prompts gives a choice for each": async () => {
    const alone = [];
    for (const prompt of prompts) alone.push(...(await completed(prompt)));
    assert.deepEqual(await completed(prompts), alone);
  },
  "a stream of a completion adds up to it": async () => {
    let text = "";
    const stream = await texts.completions.create({ ...request, prompt: prompts[0], stream: true });
    for await (const part of stream) text += part.choices[0]?.text ?? "";
    assert.equal(text, expected.adapted);
  },
  "chat.completions.create, whole and streamed": async () => {
    const messages = [{ role: "user", content: prompts[0] }];
    const answer = await texts.chat.completions.create({ ...request, messages });
    assert.equal(answer.choices[0].message.role, "assistant");
    let text = "";
    let usage = null;
    const stream = await texts.chat.completions.create({
      ...request,
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const part of stream) {
      text += part.choices[0]?.delta?.content ?? "";
      usage = part.usage ?? usage;
    }
    assert.equal(text, answer.choices[0].message.content);
    assert.deepEqual(usage, answer.usage);
  },
  "logprobs, several choices and a seed": async () => {
    const sampled = { ...request, temperature: 1, n: 2, seed: 7, logprobs: 2, prompt: prompts[0] };
    const [first, second] = [await texts.completions.create(sampled), await texts.completions.create(sampled)];
    assert.equal(first.choices.length, 2);
    assert.equal(first.choices[0].logprobs.tokens.length, first.usage.completion_tokens / 2);
    assert.deepEqual(first.choices, second.choices);
  },
  "errors are the client's own": async () => {
    const unknown = { ...request, model: "nobody", prompt: "a" };
    await assert.rejects(texts.completions.create(unknown), OpenAI.NotFoundError);
    const wrong = { ...request, prompt: "a", temperature: -1 };
    await assert.rejects(texts.completions.create(wrong), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.match(error.message, /temperature/);
      return true;
    });
    const task = texts.embeddings.create({ model: base, input: "a" });
    await assert.rejects(task, OpenAI.APIError);
  },
  "embeddings.create, as numbers and as base64, gives what embed gives": async () => {
    for (const format of [undefined, "float", "base64"]) {
      const answer = await sentences.embeddings.create({
        model: encoder,
        input: expected.sentences_of,
        ...(format && { encoding_format: format }),
      });
      answer.data.forEach(({ embedding }, row) => {
        const found =
          typeof embedding === "string"
            ? Array.from(new Float32Array(Uint8Array.from(Buffer.from(embedding, "base64")).buffer))
            : embedding;
        assert.equal(found.length, expected.embeddings[row].length);
        found.forEach((value, i) => assert.ok(Math.abs(value - expected.embeddings[row][i]) < 1e-5));
      });
    }
  },
};

let failed = 0;
for (const [what, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok      ${what}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what}\n${error.stack}`);
  }
}
console.log(`${Object.keys(checks).length - failed} of ${Object.keys(checks).length} checks passed`);
process.exit(failed ? 1 : 0);

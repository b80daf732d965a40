// Completions over HTTP by llama.cpp, through node-llama-cpp: a base in GGUF with one adapter, and as many sequences of one
// context as there may be requests at a time, which llama.cpp computes in one batch.
//
//   node llama_cpp_server.mjs FOLDER_OF_GGUF TOKENIZER_JSON SEQUENCES TOKENS_OF_A_TEXT THREADS

import {readFileSync} from "node:fs";
import {createServer} from "node:http";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";
import {join} from "node:path";

const [folder, tokenizer, sequences, longest, threads] = process.argv.slice(2);
// From the folder where npm has put it, which is not that of this file.
const entry = createRequire(join(process.cwd(), "any.js")).resolve("node-llama-cpp");
const {getLlama} = await import(pathToFileURL(entry));

const options = {gpu: false, build: "never", skipDownload: true, logLevel: "error"};
const llama = await getLlama({...options, maxThreads: Number(threads)});
const model = await llama.loadModel({modelPath: join(folder, "base.gguf"), useMmap: true});
const free = [];
const busy = () => Number(sequences) - free.length;
const context = await model.createContext({
    sequences: Number(sequences),
    contextSize: Number(longest),
    batchSize: Math.max(512, Number(sequences)),
    threads: Number(threads),
    flashAttention: false,
    experimentalKvCacheKeyType: "F32",
    experimentalKvCacheValueType: "F32",
    // Where several texts grow, all of them should be in the next batch.
    batching: {dispatchSchedule: (dispatch) => (busy() > 1 ? setTimeout(dispatch, 1) : setImmediate(dispatch))},
    lora: {adapters: [{filePath: join(folder, "adapter.gguf"), scale: 1}]},
});
for (let i = 0; i < Number(sequences); i++) free.push(context.getSequence());

// The bytes that byte-level tokenizers write as other characters.
const bytes = new Map();
for (let byte = 0, other = 256; byte < 256; byte++) {
    const shown = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    bytes.set(String.fromCodePoint(shown ? byte : other++), byte);
}
const words = [];
for (const [word, id] of Object.entries(JSON.parse(readFileSync(tokenizer, "utf8")).model.vocab)) words[id] = word;
const decode = (ids) => Buffer.from(ids.flatMap((id) => [...words[id]].map((letter) => bytes.get(letter)))).toString("utf8");

async function complete({prompt, max_tokens: most}) {
    const sequence = free.pop();
    try {
        await sequence.clearHistory();
        const made = [];
        for await (const id of sequence.evaluate(prompt, {temperature: 0, yieldEogToken: true})) {
            made.push(id);
            if (made.length === most) break;
        }
        return {choices: [{text: decode(made)}], usage: {completion_tokens: made.length}};
    } finally {
        free.push(sequence);
    }
}

const server = createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", async () => {
        let status = 200, answer;
        try {
            answer = await complete(JSON.parse(Buffer.concat(parts)));
        } catch (error) {
            [status, answer] = [500, {error: String(error)}];
        }
        const body = JSON.stringify(answer);
        response.writeHead(status, {"content-type": "application/json", "content-length": Buffer.byteLength(body)});
        response.end(body);
    });
});
server.listen(0, "127.0.0.1", () => console.log(`Serving at http://127.0.0.1:${server.address().port}`));
process.on("SIGTERM", () => process.exit(0));

"""The peer of benchmarks/throughput: completions over HTTP by Transformers and PEFT, an adapter per request.

Requests that wait are computed in one batch, each row with its own adapter, by `generate` with its cache of keys and values;
what comes meanwhile waits for the next batch. A batch of one adapter goes through that adapter alone, which is faster.
"""

import argparse
import json
import pathlib
import queue
import threading
import time
import warnings
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import torch
import transformers
from peft import PeftModel
from tokenizers import Tokenizer

SETTLE = 0.01  # seconds that a batch waits for connections that have not sent their next request


@dataclass
class Job:
    adapter: str
    prompt: list
    tokens: int
    made: list = field(default_factory=list)
    error: str = ""
    done: threading.Event = field(default_factory=threading.Event)


class Batches:
    """One thread that computes what waits, as one batch after the other."""

    def __init__(self, base: pathlib.Path, adapters: list, most: int):
        model = transformers.AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, local_files_only=True)
        self.base = base.name
        self.names = [adapter.name for adapter in adapters]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of embeddings that share a weight with the head
            self.model = PeftModel.from_pretrained(model, adapters[0], adapter_name=self.names[0])
            for name, adapter in zip(self.names[1:], adapters[1:]):
                self.model.load_adapter(adapter, name)
        self.model.eval().requires_grad_(False)
        # Texts end by their length alone.
        self.model.generation_config.eos_token_id = None
        self.model.generation_config.pad_token_id = 0
        self.most = most
        self.active = self.names[0]
        self.waiting = queue.Queue()
        self.connections = set()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            jobs = self.gather()
            try:
                self.compute(jobs)
            except Exception as error:  # the requests fail, and the server goes on
                for job in jobs:
                    job.error = repr(error)
            for job in jobs:
                job.done.set()

    def gather(self) -> list:
        """Returns what waits; waits itself as long as more may come at once."""
        jobs = [self.waiting.get()]
        limit = time.monotonic() + SETTLE
        while len(jobs) < self.most:
            more = len(jobs) < len(self.connections)
            try:
                jobs.append(self.waiting.get(more, max(0.0, limit - time.monotonic())))
                limit = time.monotonic() + SETTLE
            except queue.Empty:
                break
        return jobs

    @torch.inference_mode()
    def compute(self, jobs: list) -> None:
        width = max(len(job.prompt) for job in jobs)
        padded = [[0] * (width - len(job.prompt)) + job.prompt for job in jobs]
        mask = [[0] * (width - len(job.prompt)) + [1] * len(job.prompt) for job in jobs]
        names = {job.adapter for job in jobs}
        more = {}
        if names == {self.base}:
            more["adapter_names"] = ["__base__"] * len(jobs)
        elif len(names) == 1:
            self.activate(*names)
        else:
            more["adapter_names"] = [job.adapter if job.adapter != self.base else "__base__" for job in jobs]
        ids = self.model.generate(
            input_ids=torch.tensor(padded),
            attention_mask=torch.tensor(mask),
            do_sample=False,
            max_new_tokens=max(job.tokens for job in jobs),
            **more,
        )
        for job, row in zip(jobs, ids[:, width:].tolist()):
            job.made = row[: job.tokens]

    def activate(self, name: str) -> None:
        if name != self.active:
            self.model.set_adapter(name, inference_mode=True)
            self.active = name


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # which holds a body back until the headers are acknowledged, 40 ms later
    batches: Batches
    tokenizer: Tokenizer

    def setup(self) -> None:
        super().setup()
        self.batches.connections.add(self.client_address)

    def finish(self) -> None:
        self.batches.connections.discard(self.client_address)
        super().finish()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        job = Job(body["model"], body["prompt"], body["max_tokens"])
        if job.adapter != self.batches.base and job.adapter not in self.batches.names:
            self.answer(404, {"error": f"no model {job.adapter}"})
            return
        self.batches.waiting.put(job)
        job.done.wait()
        if job.error:
            self.answer(500, {"error": job.error})
            return
        text = self.tokenizer.decode(job.made, skip_special_tokens=False)
        self.answer(200, {"choices": [{"text": text}], "usage": {"completion_tokens": len(job.made)}})

    def answer(self, status: int, content: dict) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments) -> None:
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 1024  # of clients that connect at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--adapters", type=pathlib.Path, required=True)
    parser.add_argument("--max-batch", type=int, required=True)
    arguments = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    adapters = sorted(config.parent for config in arguments.adapters.glob("*/adapter_config.json"))
    Handler.batches = Batches(arguments.model, adapters, arguments.max_batch)
    Handler.tokenizer = Tokenizer.from_file(str(arguments.model / "tokenizer.json"))
    server = Server(("127.0.0.1", 0), Handler)
    print(f"Serving at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


main()

"""Clients of a server of completions, each of which sends its next request when it has the answer to the last one."""

import http.client
import json
import random
import threading
import time
from dataclasses import dataclass, field

WORDS = 256  # the first ids are single bytes; prompts have none of them


@dataclass(frozen=True)
class Load:
    """What all clients together send in one round."""

    clients: int
    adapters: int
    requests: int  # of each client
    prompt: tuple  # least and most tokens
    tokens: int  # of an answer

    def prompts(self, vocabulary: int, turn: int) -> list:
        """Returns a prompt for each request of each client: the same on both sides, and others in each round."""
        draw = random.Random(1_000_003 * turn + 1009 * self.clients + self.adapters)
        return [
            [
                [draw.randrange(min(WORDS, vocabulary // 2), vocabulary) for _ in range(draw.randint(*self.prompt))]
                for _ in range(self.requests)
            ]
            for _ in range(self.clients)
        ]

    def adapter(self, client: int, request: int) -> int:
        """All adapters in turn, and as different ones at a time as there are."""
        return (request * self.clients + client) % self.adapters


@dataclass
class Seen:
    """What clients saw of a round."""

    seconds: float = 0
    tokens: int = 0
    latencies: list = field(default_factory=list)
    texts: list = field(default_factory=list)  # of each client

    def speed(self) -> float:
        return self.tokens / self.seconds


class Client:
    """One connection, which stays open."""

    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def complete(self, model: str, prompt: list, tokens: int) -> str:
        body = {"model": model, "prompt": prompt, "max_tokens": tokens, "temperature": 0, "ignore_eos": True}
        self.connection.request("POST", "/v1/completions", json.dumps(body), {"content-type": "application/json"})
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status != 200:
            raise RuntimeError(f"{model}: {response.status} {answer}")
        if answer["usage"]["completion_tokens"] != tokens:
            raise RuntimeError(f"{model}: {answer['usage']} in place of {tokens} new tokens")
        return answer["choices"][0]["text"]

    def close(self) -> None:
        self.connection.close()


def run(port: int, names: list, load: Load, prompts: list) -> Seen:
    """Has all clients send their requests, beginning at once, and returns what they saw."""
    seen = Seen(texts=[[] for _ in range(load.clients)])
    latencies = [[] for _ in range(load.clients)]
    errors = []
    start = threading.Barrier(load.clients + 1)

    def send(index: int) -> None:
        client = Client(port)
        client.connection.connect()
        start.wait()
        try:
            for request, prompt in enumerate(prompts[index]):
                begin = time.perf_counter()
                text = client.complete(names[load.adapter(index, request)], prompt, load.tokens)
                latencies[index].append(time.perf_counter() - begin)
                seen.texts[index].append(text)
        except Exception as error:
            errors.append(error)
        finally:
            client.close()

    threads = [threading.Thread(target=send, args=(index,)) for index in range(load.clients)]
    for thread in threads:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in threads:
        thread.join()
    seen.seconds = time.perf_counter() - begin
    if errors:
        raise errors[0]
    seen.latencies = [latency for each in latencies for latency in each]
    seen.tokens = len(seen.latencies) * load.tokens
    return seen

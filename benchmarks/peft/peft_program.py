"""PEFT's side of the comparison. Answers the same requests as Ligature's ServingProgram, where they are described."""

import contextlib
import copy
import json
import pathlib
import statistics
import sys
import time
import traceback
import warnings

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model

CPU = "--cpu" in sys.argv
now = time.thread_time_ns if CPU else time.perf_counter_ns



def token_ids(batch: int, tokens: int, vocabulary: int) -> torch.Tensor:
    """Those that Ligature's side makes."""
    return ((7919 * torch.arange(batch * tokens) + 13) % vocabulary).reshape(batch, tokens)


def load_base(directory: str):
    bert = pathlib.Path(directory).name.startswith("bert")
    kind, more = (
        (transformers.BertModel, {"add_pooling_layer": False}) if bert else (transformers.LlamaForCausalLM, {})
    )
    return kind.from_pretrained(directory, dtype=torch.float32, local_files_only=True, **more).eval()


def load_adapters(directory: str, adapters: list, trainable: bool = False):
    names = [pathlib.Path(adapter).name for adapter in adapters]
    base = load_base(directory)
    model = PeftModel.from_pretrained(base, adapters[0], adapter_name=names[0], is_trainable=trainable)
    for name, adapter in zip(names[1:], adapters[1:]):
        model.load_adapter(adapter, name)
    return model.eval(), names


def first_output(output) -> torch.Tensor:
    return output.logits if hasattr(output, "logits") else output.last_hidden_state


def median(times: int, timed) -> int:
    return int(statistics.median(timed() for _ in range(times)))


class Words:
    """The settings of a case, as key=value words."""

    def __init__(self, words: list):
        self.kind = words[0]
        self.values = dict(word.split("=", 1) for word in words[1:])

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __getitem__(self, key: str) -> str:
        return self.values[key]

    def number(self, key: str) -> int:
        return int(self.values[key])

    def list(self, key: str) -> list:
        return self.values[key].split(",") if key in self.values else []

    def ids(self) -> torch.Tensor:
        return token_ids(self.number("batch"), self.number("tokens"), self.number("vocabulary"))

    def config(self) -> LoraConfig:
        return LoraConfig(r=self.number("rank"), target_modules=self.list("targets"))


class Bases:
    """Models that cases share: one as it is for each base, one for each base and list of adapters."""

    def __init__(self):
        self.models = {}

    def plain(self, directory: str):
        return self.shared((directory,), lambda: load_base(directory))

    def adapted(self, directory: str, adapters: list):
        return self.shared((directory, *adapters), lambda: load_adapters(directory, adapters))

    def shared(self, key, make):
        if key not in self.models:
            self.models[key] = make()
        return self.models[key]


class Forward:
    def __init__(self, words: Words, bases: Bases):
        self.ids = words.ids()
        self.repeat = words.number("repeat")
        self.more = {}
        adapters = words.list("adapters")
        if not adapters:
            self.model = bases.plain(words["base"])
        else:
            self.model, names = bases.adapted(words["base"], adapters)
            if "rows" in words:
                self.more["adapter_names"] = [names[row % len(names)] for row in range(len(self.ids))]
        if "llama" in pathlib.Path(words["base"]).name:
            self.more["use_cache"] = False

    @torch.inference_mode()
    def once(self) -> int:
        begin = now()
        self.model(input_ids=self.ids, **self.more)
        return now() - begin

    def run(self) -> int:
        return median(self.repeat, self.once)

    @torch.inference_mode()
    def numbers(self) -> torch.Tensor:
        return first_output(self.model(input_ids=self.ids, **self.more))


class Attach:
    """get_peft_model on a loaded model; taking the adapter away again is not timed."""

    def __init__(self, words: Words, bases: Bases):
        self.base = load_base(words["base"])
        self.config = words.config()
        self.repeat = words.number("repeat")

    def once(self) -> int:
        begin = now()
        model = get_peft_model(self.base, self.config)
        nanos = now() - begin
        self.base = model.unload()
        return nanos

    def run(self) -> int:
        return median(self.repeat, self.once)


class Create:
    """add_adapter on a model that has others; deleting it again is not timed."""

    def __init__(self, words: Words, bases: Bases):
        self.config = words.config()
        self.repeat = words.number("repeat")
        self.model = get_peft_model(load_base(words["base"]), self.config, adapter_name="created-0")
        for i in range(1, words.number("resident")):
            self.model.add_adapter(f"created-{i}", self.config)

    def once(self) -> int:
        begin = now()
        self.model.add_adapter("one-more", self.config)
        nanos = now() - begin
        self.model.delete_adapter("one-more")
        return nanos

    def run(self) -> int:
        return median(self.repeat, self.once)


class Load:
    """load_adapter on a model that has one; deleting it again is not timed."""

    def __init__(self, words: Words, bases: Bases):
        self.model, _ = load_adapters(words["base"], [words["adapter"]])
        self.adapter = words["adapter"]
        self.repeat = words.number("repeat")

    def once(self) -> int:
        begin = now()
        self.model.load_adapter(self.adapter, "loaded")
        nanos = now() - begin
        self.model.delete_adapter("loaded")
        return nanos

    def run(self) -> int:
        return median(self.repeat, self.once)


class Train:
    """Training steps with torch's AdamW: forward, backward and update."""

    def __init__(self, words: Words, bases: Bases):
        self.model, _ = load_adapters(words["base"], [words["adapter"]], trainable=True)
        self.model.train()
        trainable = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(trainable, lr=1e-4)
        self.ids = words.ids()
        self.repeat = words.number("repeat")

    def step(self) -> torch.Tensor:
        loss = self.model(input_ids=self.ids, labels=self.ids, use_cache=False).loss
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()

    def once(self) -> int:
        begin = now()
        self.step().item()
        return now() - begin

    def run(self) -> int:
        return median(self.repeat, self.once)

    def numbers(self) -> torch.Tensor:
        """The loss of the first step."""
        return self.step()


class Contrast(Train):
    """Training steps of embeddings: the means of hidden states, InfoNCE in both directions over in-batch negatives.

    Without the dropout of the base, which ours does not have.
    """

    def __init__(self, words: Words, bases: Bases):
        super().__init__(words, bases)
        self.model.eval()

    def step(self) -> torch.Tensor:
        hidden = self.model(input_ids=self.ids, attention_mask=torch.ones_like(self.ids)).last_hidden_state  # (2B, T, d)
        vectors = torch.nn.functional.normalize(hidden.mean(dim=1))  # (2B, d)
        questions, answers = vectors.chunk(2)
        scores = questions @ answers.T / 0.05  # (B, B)
        own = torch.arange(len(scores))
        loss = (torch.nn.functional.cross_entropy(scores, own) + torch.nn.functional.cross_entropy(scores.T, own)) / 2
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()


class Tune:
    """An epoch of supervised fine-tuning: lines of JSONL are read, made tokens, padded and learnt."""

    def __init__(self, words: Words, bases: Bases):
        base = pathlib.Path(words["base"])
        self.model, _ = load_adapters(words["base"], [words["adapter"]], trainable=True)
        self.model.train()
        self.end = self.model.config.eos_token_id
        self.optimizer = torch.optim.AdamW([p for p in self.model.parameters() if p.requires_grad], lr=1e-4)
        self.tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=str(base / "tokenizer.json"))
        self.lines = pathlib.Path(words["lines"])
        self.rows, self.most = words.number("batch"), words.number("tokens")

    def example(self, line: str) -> tuple[torch.Tensor, torch.Tensor]:
        fields = json.loads(line)
        prompt = self.tokenizer(fields["prompt"])["input_ids"]
        ids = self.tokenizer(fields["prompt"] + fields["completion"])["input_ids"]
        ids = ids if ids[-1] == self.end else [*ids, self.end]
        common = next((i for i, (one, other) in enumerate(zip(prompt, ids)) if one != other), len(prompt))
        labels = [-100] * common + ids[common:]
        return torch.tensor(ids[: self.most]), torch.tensor(labels[: self.most])

    def collate(self, lines: list) -> dict:
        examples = [self.example(line) for line in lines]
        pad = torch.nn.utils.rnn.pad_sequence
        return {"input_ids": pad([ids for ids, _ in examples], batch_first=True),
                "labels": pad([labels for _, labels in examples], batch_first=True, padding_value=-100)}

    def step(self, batch: dict) -> torch.Tensor:
        loss = self.model(**batch, use_cache=False).loss
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss.detach()

    def run(self) -> int:
        begin = now()
        lines = self.lines.read_text().splitlines()
        for batch in torch.utils.data.DataLoader(lines, self.rows, shuffle=True, collate_fn=self.collate):
            self.step(batch).item()
        return now() - begin

    def numbers(self) -> torch.Tensor:
        """The loss of a first step over all lines."""
        return self.step(self.collate(self.lines.read_text().splitlines()))


class Generate:
    """Forward passes over one text, with the cache of all earlier tokens: the prompt's, or those of tokens after it."""

    def __init__(self, words: Words, bases: Bases):
        adapters = words.list("adapters")
        if adapters:
            self.model, _ = bases.adapted(words["base"], adapters)
        else:
            self.model = bases.plain(words["base"])
        prompt = words.number("prompt")
        self.whole = "whole" in words
        length = prompt + (0 if self.whole else 1 + words.number("count"))
        ids = token_ids(1, length, words.number("vocabulary"))
        self.prompt, self.tokens = ids[:, :prompt], ids[:, prompt:].split(1, dim=1)
        self.read = None  # the cache of the prompt

    def forward(self, ids: torch.Tensor, cache=None):
        """As generate() does: the head sees the last token alone."""
        return self.model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)

    def after_prompt(self):
        """Returns a copy of the cache of the prompt and one token, and the tokens that are left."""
        if self.read is None:
            self.read = self.forward(self.prompt).past_key_values
        cache = copy.deepcopy(self.read)
        return self.forward(self.tokens[0], cache).past_key_values, self.tokens[1:]

    @torch.inference_mode()
    def run(self) -> int:
        begin = now()
        if self.whole:
            self.forward(self.prompt)
            return now() - begin
        cache, tokens = self.after_prompt()
        begin = now()
        for token in tokens:
            cache = self.forward(token, cache).past_key_values
        return (now() - begin) // len(tokens)

    @torch.inference_mode()
    def numbers(self) -> torch.Tensor:
        """The logits of the last token, from one pass over the whole text."""
        ids = torch.cat([self.prompt, *self.tokens], dim=1)
        return self.model(input_ids=ids, use_cache=False, logits_to_keep=1).logits[:, -1]


KINDS = {
    "attach": Attach,
    "contrast": Contrast,
    "create": Create,
    "forward": Forward,
    "generate": Generate,
    "load": Load,
    "train": Train,
    "tune": Tune,
}


class Program:
    def __init__(self):
        self.cases = {}
        self.bases = Bases()

    def answer(self, verb: str, *words: str) -> str:
        if verb == "open":
            settings = Words(list(words[1:]))
            self.cases[words[0]] = KINDS[settings.kind](settings, self.bases)
        elif verb == "run":
            return str(self.cases[words[0]].run())
        elif verb == "numbers":
            numbers = self.cases[words[0]].numbers().float().contiguous()
            pathlib.Path(words[1]).write_bytes(numbers.numpy().tobytes())
        elif verb == "profile":
            with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profiler:
                self.cases[words[0]].run()
            profiler.export_chrome_trace(words[1])
        elif verb == "close":
            del self.cases[words[0]]
        elif verb == "drop":
            self.cases.clear()
            self.bases = Bases()
        else:
            raise ValueError(f"No such request: {verb}")
        return "ok"


def main() -> None:
    transformers.utils.logging.disable_progress_bar()
    # Says that embedding and head share a weight, which is meant.
    warnings.simplefilter("ignore")
    program = Program()
    answers = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for line in sys.stdin:
            try:
                answer = program.answer(*line.split())
            except Exception as failure:  # the other side of the pipe decides what to do
                traceback.print_exc()
                answer = f"error {failure!r}".replace("\n", " ")
            print(answer, file=answers, flush=True)


main()

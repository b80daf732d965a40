"""What is measured, and the rows that come of it."""

import json
import math
import pathlib
from dataclasses import dataclass

from measure import Group, Results
from shapes import Shapes
from tokenizers import Tokenizer


@dataclass(frozen=True)
class Row:
    """One line of the table; it is met if the ratio is at most the target, if it has one."""

    what: str
    shape: str
    ours: str
    against: str
    ratio: float
    limit: float = math.inf
    target: str = ""  # what stands in the table, if not the limit

    def met(self) -> bool:
        return self.ratio <= self.limit

    def __str__(self) -> str:
        target = self.target or f"at most {self.limit:g}"
        met = "yes" if self.met() else "**no**"
        if math.isinf(self.limit):
            target = met = "–"
        cells = [self.what, self.shape, self.ours, self.against, f"{self.ratio:.3f}", target, met]
        return "| " + " | ".join(cells) + " |"


ALL = "all linear + tied embedding"
COMPARED = ("qv", "all")  # of Llama's sets of modules
SIDES = ("ours", "peft", "tuned")  # the last is PEFT with our settings of malloc
HEADER = "| what | shape | ours | against | ratio | target | met |\n|---|---|---|---|---|---|---|"


def time(nanos: float) -> str:
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanos >= size:
            return f"{nanos / size:.3g} {unit}"
    return f"{nanos:.0f} ns"


class Bench:
    """The groups of one run."""

    def __init__(self, shapes: Shapes, work: pathlib.Path):
        self.shapes = shapes
        self.work = work
        self.bert = work / "bert"
        self.llama = work / "llama"
        self.smol = work / "smol"
        self.minilm = work / "bert-minilm"

    def groups(self) -> dict:
        measured = {
            "create": self.create,
            "load": self.load,
            "memory": self.memory,
            "switch": self.switch,
            "forward": self.forward,
            "mixed": self.mixed,
            "llama": self.llama_forward,
            "train": self.train,
            "minilm": self.embeddings,
            "tune": self.tune,
            "generate": self.generate,
            "places": self.places,
            "smol": self.smol_generate,
            "smol-train": self.smol_train,
        }
        return measured

    # Words of the table and of cases.

    def bert_shape(self, modules: str, batch: tuple | None = None) -> str:
        return shape_words(self.shapes.bert, modules, self.shapes.rank, batch)

    def smol_shape(self, batch: tuple) -> str:
        return shape_words(self.shapes.smol, ALL, self.shapes.rank, batch)

    def llama_shape(self, modules: str, batch: tuple | None = None) -> str:
        return shape_words(self.shapes.llama, modules, self.shapes.rank, batch)

    def query_value(self) -> dict:
        return {"base": self.bert, "targets": ",".join(self.shapes.bert.targets["qv"]), "rank": self.shapes.rank}

    def adapters(self, name: str, count: int = 1) -> str:
        return ",".join(str(self.work / f"{name}-{i:02}") for i in range(count))

    def batch(self, model: str, batch: tuple, **more) -> dict:
        vocabulary = getattr(self.shapes, model).vocabulary
        return {"base": self.work / model, "batch": batch[0], "tokens": batch[1], "vocabulary": vocabulary, **more}

    # Groups: each yields itself, is sent the results, and yields rows.

    def create(self):
        s = self.shapes
        group = Group("create", s.rounds)
        more, resident = self.query_value(), s.peft_resident - 1
        group.add("ours.attach", "attach", **more, repeat=5)
        group.add("peft.attach", "attach", **more, repeat=3)
        group.add("ours.first", "create", **more, resident=0, repeat=5)
        group.add("ours.nth", "create", **more, resident=resident, repeat=5)
        group.add("ours.last", "create", **more, resident=s.resident - 1, repeat=5)
        group.add("peft.nth", "create", **more, resident=resident, repeat=1)
        results = yield group
        shape = self.bert_shape("q, v")

        def row(what, case, other, words, limit):
            against = f"{words} {time(results.median(other))}"
            return Row(what, shape, time(results.median(case)), against, results.ratio(case, other), limit)

        yield [
            row("wrap and first adapter", "ours.attach", "peft.attach", "`get_peft_model`", 1 / 5),
            row(f"adapter {s.peft_resident:,}", "ours.nth", "ours.first", "our first", 1.5),
            row(f"adapter {s.resident:,}", "ours.last", "ours.first", "our first", 1.5),
            row(f"adapter {s.peft_resident:,}", "ours.nth", "peft.nth", "PEFT's", 1 / 20),
        ]

    def load(self):
        group = Group("load", self.shapes.rounds, warm_up=60)  # the JVM compiles what is called often
        more = {"base": self.bert, "adapter": self.adapters("bert-qv")}
        group.add("ours.load", "load", **more, repeat=5)
        group.add("peft.load", "load", **more, repeat=3)
        results = yield group
        yield [
            Row(
                "load an adapter's directory, in the page cache",
                self.bert_shape("q, v"),
                time(results.median("ours.load")),
                f"`load_adapter` {time(results.median('peft.load'))}",
                results.ratio("ours.load", "peft.load"),
                1 / 10,
            )
        ]

    def memory(self):
        s = self.shapes
        group = Group("memory", rounds=1, warm_up=1)
        group.add("ours.memory", "memory", base=self.bert, adapter=self.adapters("bert-qv"), count=s.resident)
        results = yield group
        measured = results.median("ours.memory")
        factors = s.bert.factor_bytes(s.rank)
        allowed = factors + 2048 * s.bert.factor_arrays()
        over = (measured - factors) / s.bert.factor_arrays()
        yield [
            Row(
                f"memory of an adapter, of {s.resident:,}",
                self.bert_shape("q, v"),
                f"{measured / 1024:,.0f} KiB",
                f"factors {factors / 1024:,.0f} KiB + 2 KiB per array; it is {over / 1024:.2f} KiB",
                measured / allowed,
                1,
            )
        ]

    def switch(self):
        s = self.shapes
        group = Group("switch", s.rounds)
        more = self.batch("bert", s.small, **self.query_value(), resident=s.resident, repeat=30)
        group.add("ours.one", "switch", **more, distinct=1)
        group.add("ours.all", "switch", **more, distinct=s.resident)
        results = yield group
        yield [
            Row(
                f"{s.resident:,} adapters in turn",
                self.bert_shape("q, v", s.small),
                time(results.median("ours.all")),
                f"one throughout {time(results.median('ours.one'))}",
                results.ratio("ours.all", "ours.one"),
                1.02,
            )
        ]

    def forward(self):
        rows = []
        for batch, repeat, limit in ((self.shapes.large, 2, 1.03), (self.shapes.small, 10, 1.06)):
            group = Group("forward", 2 * self.shapes.rounds)
            more = self.batch("bert", batch, repeat=repeat)
            for side in ("ours", "peft"):
                group.add(f"{side}.base", "forward", **more)
                for modules in self.shapes.bert.targets:
                    adapter = self.adapters(f"bert-{modules}")
                    group.add(f"{side}.{modules}", "forward", **more, adapters=adapter)
                    group.same.append((f"ours.{modules}", f"peft.{modules}"))
                group.same.append(("ours.base", "peft.base"))
            group.same = group.same[3:]
            group.add("ours.again", "forward", **more)
            group.add("ours.merged", "forward", **more, adapters=self.adapters("bert-all"), merged=1)
            group.same.append(("ours.merged", "peft.all"))
            rows += self.forward_rows((yield group), batch, limit)
        yield rows

    def forward_rows(self, results: Results, batch: tuple, limit: float) -> list:
        def row(what, modules, case, limit, target=""):
            shape = self.bert_shape(modules, batch)
            against = f"our base {time(results.median('ours.base'))}"
            ours = time(results.median(case))
            return Row(what, shape, ours, against, results.ratio(case, "ours.base"), limit, target)

        own = {modules: results.ratio(f"peft.{modules}", "peft.base") for modules in self.shapes.bert.targets}
        spread = sorted(results.ratios("ours.again", "ours.base"))
        tenth = len(spread) // 10
        low, high = spread[tenth], spread[-1 - tenth]
        return [
            row("forward, one adapter", "q, v", "ours.qv", limit, f"at most {limit:g} (PEFT's own {own['qv']:.3f})"),
            row("forward, one adapter", "all linear", "ours.all", own["all"], f"PEFT's own {own['all']:.3f}"),
            row("merged view", "all linear", "ours.merged", high, f"base again: {low:.3f} to {high:.3f}"),
        ]

    def mixed(self):
        rows = []
        batch = self.shapes.batch
        for modules, words, limit in (("qv", "q, v", 1.05), ("all", "all linear", 1.20)):
            group = Group("mixed", self.shapes.rounds)
            more = self.batch("bert", batch, repeat=2)
            for side in ("ours", "peft"):
                group.add(f"{side}.base", "forward", **more)
                for count in self.shapes.mixed:
                    adapters = self.adapters(f"bert-{modules}", count)
                    group.add(f"{side}.{count}", "forward", **more, adapters=adapters, rows=1)
            group.add("ours.shuffled", "forward", **more, adapters=adapters, rows=1, shuffled=1)
            group.same = [(f"ours.{count}", f"peft.{count}") for count in self.shapes.mixed]
            rows += self.mixed_rows((yield group), self.bert_shape(words, batch), limit)
        yield rows

    def mixed_rows(self, results: Results, shape: str, limit: float) -> list:
        rows, ratios = [], {}

        def over_base(case: str, what: str, limit: float = math.inf) -> Row:
            against = f"our base {time(results.median('ours.base'))}"
            ratio = results.ratio(case, "ours.base")
            return Row(what, shape, time(results.median(case)), against, ratio, limit)

        for count in self.shapes.mixed:
            row = over_base(f"ours.{count}", f"mixed batch, {count} adapter{'s'[: count - 1]}", limit)
            ratios[count] = row.ratio
            rows.append(row)
        most = max(self.shapes.mixed)
        rows.append(over_base("ours.shuffled", f"mixed batch, {most} adapters, other rows each time"))
        again = f"ours.{most}"
        what = f"other rows each time, {most} adapters"
        against = f"the same rows {time(results.median(again))}"
        ratio = results.ratio("ours.shuffled", again)
        rows.append(Row(what, shape, time(results.median("ours.shuffled")), against, ratio, 1.03))
        for count in self.shapes.mixed[1:]:
            own = results.ratio(f"peft.{count}", "peft.base")
            rows.append(
                Row(
                    f"the same, {count} adapters, each over its base",
                    shape,
                    f"{ratios[count]:.3f}",
                    f"`adapter_names` {own:.3f} ({time(results.median(f'peft.{count}'))})",
                    ratios[count] / own,
                    1,
                    "below 1",
                )
            )
        slowest, fastest = max(ratios.values()), min(ratios.values())
        what = f"mixed batch, slowest of {', '.join(map(str, ratios))} adapters"
        against = f"fastest {fastest:.3f}"
        return [*rows, Row(what, shape, f"{slowest:.3f}", against, slowest / fastest, 1.05)]

    def llama_forward_group(self, repeat: int) -> Group:
        group = Group("llama", self.shapes.rounds)
        more = self.batch("llama", self.shapes.text, repeat=repeat)
        for side in SIDES:
            group.add(f"{side}.base", "forward", **more)
            for modules in COMPARED:
                group.add(f"{side}.{modules}", "forward", **more, adapters=self.adapters(f"llama-{modules}"))
        return group

    def llama_forward(self):
        group = self.llama_forward_group(repeat=2)
        group.same = [(f"ours.{case}", f"peft.{case}") for case in ("base", *COMPARED)]
        results = yield group
        yield self.llama_rows("forward, tied Llama", ALL, results, "all", 0.35, 0.60)

    def train_group(self, repeat: int) -> Group:
        group = Group("train", self.shapes.rounds)
        for modules in COMPARED:
            more = self.batch("llama", self.shapes.text, repeat=repeat, adapter=self.adapters(f"llama-{modules}"))
            for side in SIDES:
                group.add(f"{side}.{modules}", "train", **more)
            group.same.append((f"ours.{modules}", f"peft.{modules}"))
        return group

    def train(self):
        group = self.train_group(repeat=1)
        results = yield group
        what = "training step, tied Llama, AdamW"
        yield [
            *self.llama_rows(what, "q, v", results, "qv", 0.55, 0.60),
            *self.llama_rows(what, ALL, results, "all", 0.42, 0.55),
        ]

    def embeddings(self):
        """Sentences through MiniLM and an adapter, and steps of InfoNCE over pairs of them."""
        s = self.shapes
        group = Group("minilm", s.rounds)
        more = self.batch("minilm", s.sentences, base=self.minilm, repeat=2)
        adapter = self.adapters("bert-minilm-all")
        for side in SIDES:
            group.add(f"{side}.forward", "forward", **more, adapters=adapter)
            group.add(f"{side}.train", "contrast", **more, adapter=adapter)
        group.same = [("ours.forward", "peft.forward"), ("ours.train", "peft.train")]
        results = yield group
        shape = shape_words(s.minilm, "all linear", s.rank, s.sentences)
        what = f"training step of {s.sentences[0] // 2} pairs, MiniLM, AdamW"
        yield [
            *over_peft(f"{s.sentences[0]} sentences, MiniLM", shape, results, "forward", 0.55, 0.60),
            *over_peft(what, shape, results, "train", 0.60, 0.65),
        ]

    def tune(self):
        """An epoch over lines of JSONL, with all that is done to read them."""
        rows, tokens = self.shapes.text
        group = Group("tune", self.shapes.rounds, warm_up=5)
        for side in SIDES:
            group.add(f"{side}.qv", "tune", base=self.llama, adapter=self.adapters("llama-qv"), batch=rows, tokens=tokens,
                      lines=self.work / "lines.jsonl")
        group.same.append(("ours.qv", "peft.qv"))
        results = yield group
        count = self.count_tokens()
        speed = {side: f"{count / results.median(f'{side}.qv') * 1e9:,.0f} tokens/s" for side in SIDES}
        shape = self.llama_shape("q, v", self.shapes.text)
        yield [
            Row(what, shape, speed["ours"], f"{words} {speed[side]}", results.ratio("ours.qv", f"{side}.qv"))
            for what, words, side in (
                ("time of supervised fine-tuning on JSONL", "PEFT", "peft"),
                (TUNED, "PEFT", "tuned"),
            )
        ]

    def count_tokens(self) -> int:
        """Returns the tokens of the lines, with the one that ends each."""
        tokenizer = Tokenizer.from_file(str(self.llama / "tokenizer.json"))
        lines = map(json.loads, (self.work / "lines.jsonl").read_text().splitlines())
        return sum(len(tokenizer.encode(line["prompt"] + line["completion"]).ids) + 1 for line in lines)

    def llama_rows(self, what: str, modules: str, results: Results, case: str, limit: float, tuned: float) -> list:
        return over_peft(what, self.llama_shape(modules, self.shapes.text), results, case, limit, tuned)

    def text(self, model: str, prompt: int, **more) -> dict:
        """One text through an adapter of all linear layers and the embedding."""
        vocabulary = getattr(self.shapes, model).vocabulary
        adapters = self.adapters(f"{model}-all")
        return {"base": self.work / model, "prompt": prompt, "vocabulary": vocabulary, "adapters": adapters, **more}

    def generate_group(self, count: int) -> Group:
        group = Group("generate", self.shapes.rounds)
        more = self.text("llama", self.shapes.generated[0], count=count)
        for side in SIDES:
            group.add(f"{side}.all", "generate", **more)
        return group

    def generate(self):
        prompt, count = self.shapes.generated
        group = self.generate_group(count)
        base = self.text("llama", prompt, count=count)
        del base["adapters"]
        for side in ("ours", "peft"):
            group.add(f"{side}.base", "generate", **base)
        group.same = [("ours.base", "peft.base"), ("ours.all", "peft.all")]
        what = f"one token with cache, mean of {count} after {prompt + 1}"
        yield over_peft(what, self.llama_shape(ALL, (1, 1)), (yield group), "all", 0.5, 0.5)

    def places(self):
        """Tokens at the beginning and far behind it: what the cache costs."""
        rows = []
        for model, words in (("llama", self.llama_shape(ALL, (1, 1))), ("smol", self.smol_shape((1, 1)))):
            group = Group("places", self.shapes.rounds)
            early, late = self.shapes.places
            for place in (early, late):
                more = self.text(model, place - self.shapes.around // 2, count=self.shapes.around)
                for side in ("ours", "peft"):
                    group.add(f"{side}.{place}", "generate", **more)
                group.same.append((f"ours.{place}", f"peft.{place}"))
            results = yield group
            for side, limit in (("ours", 1.10), ("peft", math.inf)):
                case, other = f"{side}.{late}", f"{side}.{early}"
                what = f"token {late:,} over token {early:,}, {'ours' if side == 'ours' else 'PEFT'}"
                against = time(results.median(other))
                ratio = results.ratio(case, other)
                rows.append(Row(what, words, time(results.median(case)), against, ratio, limit))
        yield rows

    def smol_generate(self):
        prompt, count = self.shapes.generated
        group = Group("smol", self.shapes.rounds)
        whole = self.text("smol", self.shapes.prompt, whole=1)
        for side in SIDES:
            group.add(f"{side}.token", "generate", **self.text("smol", prompt, count=count))
            group.add(f"{side}.prompt", "generate", **whole)
        group.same = [("ours.token", "peft.token"), ("ours.prompt", "peft.prompt")]
        results = yield group
        what = f"one token with cache, mean of {count} after {prompt + 1}"
        tokens = self.shapes.prompt
        yield [
            *over_peft(what, self.smol_shape((1, 1)), results, "token", 0.7, 0.7),
            *over_peft(f"a prompt of {tokens} tokens", self.smol_shape((1, tokens)), results, "prompt", 0.55, 0.60),
        ]

    def smol_train(self):
        s = self.shapes
        group = Group("smol-train", s.rounds, warm_up=2)
        more = self.batch("smol", s.smol_text, repeat=1, adapter=self.adapters("smol-qve"))
        for side in SIDES:
            group.add(f"{side}.qve", "train", **more)
        group.same = [("ours.qve", "peft.qve")]
        shape = shape_words(s.smol, "q, v + tied embedding", s.rank, s.smol_text)
        yield over_peft("training step, tied Llama, AdamW", shape, (yield group), "qve", 0.60, 0.65)


TUNED = "the same, PEFT with our allocator settings"


def over_peft(what: str, shape: str, results: Results, case: str, limit: float, tuned: float) -> list:
    """Returns two rows: over PEFT as people run it, and with our settings of malloc."""
    ours = f"ours.{case}"

    def row(what: str, peft: str, limit: float) -> Row:
        ratios = sorted(results.ratios(ours, peft))
        against = f"PEFT {time(results.median(peft))} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        return Row(what, shape, time(results.median(ours)), against, results.ratio(ours, peft), limit)

    return [row(what, f"peft.{case}", limit), row(TUNED, f"tuned.{case}", tuned)]


def shape_words(model, modules: str, rank: int, batch: tuple | None) -> str:
    words = f"{model.layers} layers, {modules}, d {model.d}, r {rank}"
    return words + (f", B {batch[0]} T {batch[1]}" if batch else "") + ", fp32"

"""Writes what PEFT makes of random configurations: which modules it adapts, with which rank and scaling.

    python interop/make_plan_cases.py runtime/src/test/resources [--seed N]

The tests compare with what is written here, so nothing in this file may come from Ligature. The files:

  plan/plan-cases.json   {"models": {name: [module, ...]}, "cases": [...]}; a case has
                           model    which of the models; some are made up by chance
                           config   fields of adapter_config.json
                           outcome  one character a module: t targeted, x excluded or saved as a whole, - neither, as
                                    `check_target_module_exists` says
                           adapted  [[index of the module, r, scaling], ...] after a real injection; null
                                    where PEFT refuses it
  plan/regex-cases.json  [pattern, text, result] with the result of `re.fullmatch`: true, false, or null
                         where Python refuses the pattern
  adapter-config/peft-*  adapter_config.json as PEFT saves it
"""

import argparse
import json
import pathlib
import random
import re
import shutil
import tempfile
import warnings

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.tuners_utils import _ExcludedModule, _maybe_include_all_linear_layers, check_target_module_exists
from transformers import PretrainedConfig, PreTrainedModel

warnings.filterwarnings("ignore")

LLAMA_LAYER = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.gate_proj", "mlp.down_proj"]
MODELS = {
    "llama": ["model.embed_tokens"]
    + [f"model.layers.{i}.{m}" for i in (0, 1, 2, 11) for m in LLAMA_LAYER]
    + ["lm_head"],
    "experts": ["model.embed_tokens"]
    + [f"model.layers.{i}.{m}" for i in range(3) for m in ("mlp.gate", "mlp.experts.0.w1", "mlp.experts.1.w1", "mlp.experts.2.w1")]
    + ["lm_head"],
    "gpt2": ["transformer.wte"]
    + [f"transformer.h.{i}.{m}" for i in range(3) for m in ("attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj")]
    + ["lm_head"],
    "bert": ["bert.embeddings.word_embeddings"]
    + [f"bert.encoder.layer.{i}.{m}" for i in range(2) for m in ("attention.self.query", "attention.self.value", "output.dense")]
    + ["cls.predictions.transform.dense", "cls.predictions.decoder"],
    # A list at the root, a number at the root, names that end alike, numbers in two places.
    "odd": ["layers.0.fc", "layers.1.fc", "0.fc", "1.fc", "a.xfc", "a.b.2.c.0.fc", "a.b.10.c.1.fc", "a.fc2", "fc", "A.FC"],
}
EMBEDDINGS = ("embed_tokens", "wte", "word_embeddings")
# The modules that a model's `get_output_embeddings` gives, which all-linear leaves out.
HEADS = ("lm_head", "decoder")
SEGMENTS = ["model", "layers", "layer", "h", "blocks", "0", "1", "2", "10", "12", "self_attn", "attn", "mlp", "experts", "a", "b", "A",
            "Layers", "x_layers", "layers_2", "é"]  # fmt: skip
LEAVES = ["q_proj", "xq_proj", "q_proj2", "k_proj", "proj", "fc", "fc1", "fc10", "w1", "w", "lora_A", "weight", "base_layer_x", "QKV", "0", "7",
          "embed_tokens", "wte", "gate-up", "to_out"]  # fmt: skip


def random_model(rng: random.Random) -> list[str]:
    """Names of modules that nobody would give, but that a model may have."""
    names: list[str] = []
    while len(names) < rng.randint(6, 20):
        depth = rng.choice([0, 1, 2, 2, 3, 3, 4, 5])
        name = ".".join([rng.choice(SEGMENTS) for _ in range(depth)] + [rng.choice(LEAVES)])
        # A leaf has no children.
        if not any(name == n or name.startswith(n + ".") or n.startswith(name + ".") for n in names):
            names.append(name)
    return names + (["lm_head"] if rng.random() < 0.7 else [])


def build(names: list[str]) -> torch.nn.Module:
    """A tree of modules with linear layers and embeddings under exactly these names."""
    root = Known(PretrainedConfig())
    for name in names:
        *path, last = name.split(".")
        node = root
        for part in path:
            if not hasattr(node, part):
                node.add_module(part, torch.nn.Module())
            node = getattr(node, part)
        node.add_module(last, torch.nn.Embedding(3, 2) if last in EMBEDDINGS else torch.nn.Linear(2, 3, bias=False))
    return root


class Known(PreTrainedModel):
    """A model of Transformers, whose output head PEFT knows."""

    config_class = PretrainedConfig

    def get_output_embeddings(self):
        heads = [module for name, module in self.named_modules() if name.split(".")[-1] in HEADS]
        return heads[0] if heads else None

    def get_input_embeddings(self):
        return None


def suffixes(names: list[str]) -> list[str]:
    parts = [name.split(".") for name in names]
    return sorted({".".join(p[i:]) for p in parts for i in range(len(p))})


def entry(rng: random.Random, names: list[str]) -> str:
    """An entry of a list: mostly the end of a name, sometimes a name, sometimes one that almost fits."""
    name = rng.choice(names)
    kind = rng.random()
    if kind < 0.55:
        return name.split(".")[-1]
    if kind < 0.7:
        return rng.choice(suffixes(names))
    if kind < 0.85:
        return name
    return rng.choice([name[1:], name.split(".")[-1][1:] or "c", name + ".x", name.replace(".", "", 1), name.upper()])


def expression(rng: random.Random, names: list[str]) -> str:
    """A regular expression that has something to do with the names."""
    name = rng.choice(names)
    last = name.split(".")[-1]
    other = rng.choice(names).split(".")[-1]
    return rng.choice(
        [
            f".*{last}",
            rf".*\.{last}",
            last,
            rf".*\.({last}|{other})$",
            rf"(?:.*\.)?(?P<which_one>{last}|{other})\Z",
            re.escape(name),
            re.sub(r"\d+", r"[0-1]", name),
            re.sub(r"\d+", r"\\d", name),
            re.sub(r"\d+", r"\\d{,2}", name),
            r"^(?!.*head).*\.[a-z_]+$",
            r"(?i).*FC$",
            rf".*(?<!mlp\.){last}",
            r".*[.](\d+)[.].*[.]\1[.].*",
            r"(?P<a>\w+)\..*",
            rf".*{last[:2]}.*",
        ]
    )


def pattern_key(rng: random.Random, names: list[str]) -> str:
    if rng.random() < 0.6:
        return entry(rng, names)
    name = rng.choice(names)
    last = name.split(".")[-1]
    return rng.choice([f".*{last}", re.escape(name), f"^{name}", re.sub(r"\d+", r"\\d+", name), rf"{last}|fc", rf".*\.0\..*", f"{last}$"])


def config(rng: random.Random, names: list[str]) -> dict:
    c: dict = {"peft_type": "LORA", "r": rng.randint(1, 9), "lora_alpha": rng.randint(1, 20)}
    by_name = rng.random() < 0.7
    c["target_modules"] = [entry(rng, names) for _ in range(rng.randint(1, 4))] if by_name else expression(rng, names)
    if not by_name and rng.random() < 0.2 and any(name.split(".")[-1] in HEADS for name in names):
        c["target_modules"] = rng.choice(["all-linear", "All-Linear"])
    if by_name and rng.random() < 0.1:
        # PEFT condenses twenty names and more to what they end with.
        c["target_modules"] = sorted({rng.choice(names) for _ in range(60)} | {entry(rng, names) for _ in range(8)})
    if rng.random() < 0.4:
        c["exclude_modules"] = (
            [entry(rng, names) for _ in range(rng.randint(1, 2))] if rng.random() < 0.6 else expression(rng, names)
        )
    if by_name and rng.random() < 0.5:
        c["layers_to_transform"] = rng.choice([0, 1, [1], [0, 2], [2, 11], [10], []])
        if rng.random() < 0.6:
            c["layers_pattern"] = rng.choice(
                ["layers", "h", "layer", "experts", "c", ["experts", "layers"], ["b", "h", "layer"], "l.*", "layers|h", "(a|b)", []]
            )
    if rng.random() < 0.2:
        c["modules_to_save"] = [entry(rng, names) for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.6:
        c["rank_pattern"] = {pattern_key(rng, names): rng.randint(10, 19) for _ in range(rng.randint(1, 3))}
    if rng.random() < 0.5:
        c["alpha_pattern"] = {pattern_key(rng, names): rng.choice([1, 3, 7.5, 40]) for _ in range(rng.randint(1, 3))}
    if rng.random() < 0.3:
        c["use_rslora"] = True
    return c


def judge(models: dict, model: str, fields: dict) -> dict | None:
    names = models[model]
    parents = {name.rsplit(".", i)[0] for name in names for i in range(1, name.count(".") + 1)}
    try:
        peft_config = LoraConfig(**{k: v for k, v in fields.items() if k != "peft_type"})
        if isinstance(peft_config.target_modules, str) and peft_config.target_modules.lower() == "all-linear":
            # Resolved against the model, by the function that an injection calls first.
            peft_config = _maybe_include_all_linear_layers(peft_config, build(names))
        verdicts = [check_target_module_exists(peft_config, name) for name in names]
        if any(check_target_module_exists(peft_config, parent) for parent in parents):
            return None  # PEFT refuses to adapt a container, which a layout does not hold
    except (ValueError, re.error):
        return None  # refused before it sees a model; the tests of configurations deal with these
    outcome = "".join("x" if isinstance(v, _ExcludedModule) else "t" if v else "-" for v in verdicts)
    try:
        adapted = inject_adapter_in_model(peft_config, build(names))
        found = [
            [names.index(name), module.r["default"], module.scaling["default"]]
            for name, module in adapted.named_modules()
            if getattr(module, "scaling", None)
        ]
    except (ValueError, TypeError, re.error):
        found = None
    return {"model": model, "config": fields, "outcome": outcome, "adapted": found}


def plan_cases(rng: random.Random, count: int) -> dict:
    models = MODELS | {f"chance{i}": random_model(rng) for i in range(12)}
    cases: list[dict] = []
    refused = 0
    while len(cases) < count:
        model = rng.choice(list(models))
        case = judge(models, model, config(rng, models[model]))
        if case is None:
            continue
        # Most of the cases are to adapt something; a few show what PEFT refuses.
        if case["adapted"] is None and refused >= count // 10:
            continue
        refused += case["adapted"] is None
        cases.append(case)
    return {"models": models, "cases": cases}


CONFIGS = {
    "least": {"target_modules": ["q_proj"]},
    "most": {
        "target_modules": ["q_proj"],
        "exclude_modules": ["model.layers.0.self_attn.q_proj"],
        "layers_to_transform": [0, 1],
        "layers_pattern": ["layers", "h"],
        "r": 6,
        "lora_alpha": 24,
        "lora_dropout": 0.05,
        "use_rslora": True,
        "init_lora_weights": "gaussian",
        "rank_pattern": {"layers.1.self_attn.q_proj": 3, ".*é": 2},
        "alpha_pattern": {"layers.1.self_attn.q_proj": 1.5},
        "ensure_weight_tying": True,
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": "org/base <1>",
        "revision": "main",
    },
    "expression": {"target_modules": r".*\.(q|k)_proj", "exclude_modules": r".*\.0\..*", "init_lora_weights": False},
    "replacements": {"target_modules": ["q_proj"], "use_dora": True, "modules_to_save": ["norm"], "bias": "lora_only"},
}


def write_configs(out: pathlib.Path) -> None:
    for name, fields in CONFIGS.items():
        with tempfile.TemporaryDirectory() as directory:
            # A model that is saved sets inference_mode; the configuration alone does not.
            LoraConfig(**fields, inference_mode=True).save_pretrained(directory)
            shutil.copy(pathlib.Path(directory) / "adapter_config.json", out / f"peft-{name}.json")


ATOMS = [
    "a", "b", "q_proj", "0", "1", r"\.", ".", "[ab]", "[^a]", "[]a]", "[^]]", "[a[b]", "[a&&b]", "[a-c&]", r"[\d.]", r"[\b]", "[-a]",
    r"\d", r"\D", r"\w", r"\W", r"\s", r"\b", r"\B", r"\A", r"\Z", "^", "$", "(?:ab|c)", "(a|b)", "(?P<g_1>a.)", r"(?P=g_1)", r"\1",
    r"\2", "(?=a)", "(?!b)", "(?<=a)", "(?<!a)", "(?i:A)", "(?s:.)", "(?#note)", "{", "}", "]", "{}", "{,}", r"\x61", "\\u0062",
    r"\U00000063", r"\v", r"\n", "(?>a|ab)", "(", ")", "|", "(?-i:a)", r"\-", r"\_", "é", "&&", "#", " ", "layers",
    "(?P<g_1>b)", "(?<name>a)", r"\Q", r"\p", r"\E", "(?P>g)", "*", "[b", "(?i)", "(?z)", r"\h", r"\G", r"\R", "(?)",
]  # fmt: skip
QUANTIFIERS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}", "{1,}", "{0,1}?", "++", "?+", "{2,1}", "{a}", "{1", "{,}", "**", "{2}{2}"]
TEXTS = [
    "", "a", "b", "ab", "aab", "abab", "a.b", "a.a", "a0", "aa1", "A", "c", "a\n", "é", "a]", "a[b", "a{,}", "&", "a&b", "{}", "}", "a b",
    "q_proj", "x.q_proj", "layers.0.q_proj", "layers.10.q_proj", "aé", "_", "a-", "ab#", "\x0b", "\x08", "h", "Q", "&&", "a{1", "a{a}",
]  # fmt: skip


def regex_cases(rng: random.Random, count: int) -> list[list]:
    by_result: dict = {True: [], False: [], None: []}
    seen = set()
    while min(len(found) for found in by_result.values()) < count:
        start = "(?i)" if rng.random() < 0.05 else ""
        pattern = start + "".join(
            rng.choice(ATOMS) + (rng.choice(QUANTIFIERS) if rng.random() < 0.35 else "") for _ in range(rng.randint(1, 4))
        )
        text = rng.choice(TEXTS)
        if (pattern, text) in seen:
            continue
        seen.add((pattern, text))
        try:
            result = re.fullmatch(pattern, text) is not None
        except (re.error, OverflowError):
            result = None
        if len(by_result[result]) < count:
            by_result[result].append([pattern, text, result])
    return [case for found in by_result.values() for case in found]


def write(path: pathlib.Path, text: str) -> None:
    path.write_text(text + "\n", encoding="utf-8")
    print(path, len(text))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plans", type=int, default=1000)
    parser.add_argument("--expressions", type=int, default=150, help="of each result")
    args = parser.parse_args()
    for folder in ("plan", "adapter-config"):
        (args.out / folder).mkdir(parents=True, exist_ok=True)
    write_configs(args.out / "adapter-config")
    plans = plan_cases(random.Random(args.seed), args.plans)
    lines = [json.dumps(case, separators=(",", ":"), ensure_ascii=False) for case in plans["cases"]]
    head = json.dumps(plans["models"], separators=(",", ":"), ensure_ascii=False)
    write(args.out / "plan" / "plan-cases.json", '{"models":' + head + ',"cases":[\n' + ",\n".join(lines) + "\n]}")
    regexes = regex_cases(random.Random(args.seed), args.expressions)
    write(args.out / "plan" / "regex-cases.json", "[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in regexes) + "\n]")


if __name__ == "__main__":
    main()

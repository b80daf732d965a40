"""Writes what PEFT makes of adapters that something was changed in, for a test that asks Ligature the same.

    python interop/make_edits.py [--seed N] [--count N] [--out FILE]

Each edit changes one thing of a reference case's adapter and leaves both of its files well-formed: a key renamed, doubled or
dropped, the data type or shape of a tensor, a field of the configuration removed, nulled, renamed or given another value.
A line of the file, JSON in gzip:

    {"case": "llama-dora", "edit": ["drop", "base_model…"], "peft": [8 numbers] or "why it raised"}

The numbers are sums of the logits of input_ids, s_k = n^-1/2 Σ_i logits_i cos((k + 1)(i + 1) / 10) for k of 0 to 7, in
float64. Nothing in this file comes from Ligature.
"""

import argparse
import copy
import gzip
import json
import pathlib
import random
import re
import tempfile
import warnings

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE.parent / "models/src/test/resources/cases"
OUT = HERE.parent / "models/src/test/resources/edits.jsonl.gz"
NAMES = [
    "llama-all-linear",
    "llama-bias-lora-only",
    "llama-dora",
    "llama-layers",
    "llama-lora-bias",
    "llama-modules-to-save-norm",
    "llama-modules-to-save-tied",
    "llama-patterns",
    "llama-rslora",
    "llama-tied-both",
    "llama-tied-flag-off",
    "llama-trainable-tokens-tied",
    "llama-untied-both",
    "qwen2-tied-embed",
]
DTYPES = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F64": torch.float64,
    "I32": torch.int32,
    "U8": torch.uint8,
}
FLAGS = [True, False, None, 0, 1, "true"]
VALUES = {
    "alora_invocation_tokens": [[], [1], None],
    "alpha_pattern": [{}, None, {"down_proj": 3}, {"q_proj": 2, "nothing": 4}, {".*proj": 3}, [], {"down_proj": "3"}],
    "arrow_config": [{}, None],
    "auto_mapping": [None, {}, "x"],
    "base_model_name_or_path": [None, "org/other", 3],
    "bias": ["none", "all", "lora_only", "None", None, True],
    "corda_config": [{}, None],
    "ensure_weight_tying": FLAGS,
    "eva_config": [{}, {"rho": 2.0}, None],
    "exclude_modules": [None, [], ["down_proj"], ["lm_head", "q_proj"], "down_proj", ".*layers.1.*", "nothing"],
    "fan_in_fan_out": FLAGS,
    "inference_mode": FLAGS,
    "init_lora_weights": [True, False, None, "gaussian", "orthogonal", "pissa", "pissa_niter_4", "olora", "eva", "loftq", "x", 1],
    "kasa_config": [{}, None],
    "layer_replication": [None, [], [[0, 2]], [[0, 1], [1, 2]], [[0, 2], [1, 2]]],
    "layers_pattern": [None, "layers", ["layers"], "h", []],
    "layers_to_transform": [None, 0, [0], [0, 1], [5], "0", []],
    "loftq_config": [{}, None, {"loftq_bits": 4}],
    "lora_alpha": [1, 5.0, 7.5, 0, -2, "8", None, True],
    "lora_bias": FLAGS,
    "lora_dropout": [0, 0.0, 0.3, 1.0, 1.5, -0.1, "0.1", None],
    "lora_ga_config": [{}, None],
    "megatron_config": [None, {}, {"x": 1}],
    "megatron_core": ["megatron.core", None, "x"],
    "modules_to_save": [None, [], ["norm"], ["lm_head"], ["embed_tokens"], ["nothing"], "norm"],
    "peft_type": ["LORA", "lora", "ADALORA", "IA3", None, "x"],
    "peft_version": ["0.5.0", "0.21.0", None, 3],
    "qalora_group_size": [8, None, 32],
    "r": [1, 2, 3, 4, 5, 6, 8, 4.0, 5.0, 0, -1, "4", None],
    "rank_pattern": [{}, None, {"down_proj": 3}, {"q_proj": 2, "nothing": 4}, {".*proj": 3}, [], {"down_proj": "3"}],
    "revision": [None, "main", 3],
    "runtime_config": [{"ephemeral_gpu_offload": False}, None],
    "target_modules": [
        None,
        [],
        "",
        "all-linear",
        "down_proj",
        ".*down_proj",
        ["down_proj", "down_proj"],
        ["q_proj", "v_proj"],
        ["embed_tokens", "lm_head"],
        ["dwn_proj"],
        ["model.layers.0.mlp.down_proj"],
    ],
    "target_parameters": [None, [], ["down_proj.weight"], ["nothing.weight"], "down_proj.weight"],
    "task_type": [None, "CAUSAL_LM", "SEQ_CLS", "FEATURE_EXTRACTION", "x"],
    "trainable_token_indices": [None, [], [1, 2], [2, 1], {"embed_tokens": [1, 2]}, {"lm_head": [3]}, [999], [-1], {}],
    "use_bdlora": [None, {}, True],
    "use_dora": FLAGS,
    "use_qalora": FLAGS,
    "use_rslora": FLAGS,
    "velora_config": [None, {}],
    "monteclora_config": [None, {}],
    "unheard_of": [None, False, 0, 1, "x", {}, [], {"a": 1}],
}
OLD_FORMS = [  # a field that had another form, or another tool's
    ("target_modules", lambda value: "|".join(".*" + name for name in value) if isinstance(value, list) else value),
    ("target_modules", lambda value: value[::-1] + value[:1] if isinstance(value, list) else value),
    ("target_modules", lambda value: value + ["k_proj"] if isinstance(value, list) else value),
    ("target_modules", lambda value: value[:-1] if isinstance(value, list) else value),
    ("r", float),
    ("lora_alpha", float),
    ("r", str),
    ("r", lambda value: value + 1),
    ("lora_alpha", lambda value: value * 2),
    ("layers_to_transform", lambda value: value[0] if value else 1),
    ("modules_to_save", lambda value: sorted(value or [], reverse=True)),
    ("init_lora_weights", lambda value: "True"),
    ("bias", lambda value: value.upper()),
    ("peft_type", lambda value: "PeftType.LORA"),
    ("lora_dropout", lambda value: 0.5),
]


class Editor:
    """Draws edits of one case's adapter."""

    def __init__(self, name: str, draw: random.Random):
        self.name = name
        self.draw = draw
        self.config = json.loads((CASES / name / "adapter/adapter_config.json").read_text())
        self.tensors = load_file(CASES / name / "adapter/adapter_model.safetensors")
        self.keys = sorted(self.tensors)

    def next(self) -> list:
        kinds = [self.rename, self.double, self.drop, self.dtype, self.shape, self.rename_all]
        return self.draw.choice(kinds)() if self.draw.random() < 0.5 else self.field()

    def key(self) -> str:
        return self.draw.choice(self.keys)

    def other_name(self, key: str) -> str:
        module, _, last = key.rpartition(".")
        names = [
            key.replace("base_model.model.", "", 1),
            key.replace("base_model.model.", "base_model.", 1),
            key.replace("base_model.model.", "base_model.model.model.", 1),
            key.replace(".weight", ".default.weight"),
            key.replace(".weight", ""),
            key + ".weight",
            key.replace("lora_A", "lora_B") if "lora_A" in key else key.replace("lora_B", "lora_A"),
            key.replace("lora_", "lora_embedding_") if "embedding" not in key else key.replace("embedding_", ""),
            key.replace("lora_magnitude_vector", "lora_magnitude_vector.weight"),
            key.replace("lora_magnitude_vector", "lora_magnitude_vector.default.weight"),
            key.replace("layers.0", "layers.1"),
            key.replace("layers.1", "layers.7"),
            key.replace("down_proj", "dwn_proj"),
            key.replace("q_proj", "v_proj"),
            key.replace("embed_tokens", "lm_head"),
            key.replace("model.embed_tokens", "embed_tokens"),
            key.replace("lm_head", "model.lm_head"),
            key.replace("base_layer.weight", "base_layer.default.weight"),
            key.replace("modules_to_save.", "").replace("norm.weight", "norm.modules_to_save.default.weight"),
            module + ".default." + last,
            "module." + key,
            "_orig_mod." + key,
            key.upper(),
            key + " ",
            "optimizer.state",
        ]
        return self.draw.choice([name for name in names if name != key])

    def rename(self):
        key = self.key()
        new = self.other_name(key)
        return ["rename", key, new]

    def double(self):
        key = self.key()
        new = self.other_name(key)
        factor = self.draw.choice([1.0, 1.0, 1.5, 0.0])
        return ["copy", key, new, factor]

    def drop(self):
        key = self.key()
        return ["drop", key]

    def dtype(self):
        key = self.key()
        kind = self.draw.choice(sorted(DTYPES))
        return ["dtype", key, kind]

    def shape(self):
        key = self.key()
        rows = self.tensors[key].shape[0]
        edits = [["rows", key, rows - 1], ["rows", key, rows + 1], ["rows", key, 1], ["rows", key, 0]]
        edits += [["transpose", key], ["flatten", key], ["unsqueeze", key]]
        return self.draw.choice(edits)

    def rename_all(self):
        pattern, new = self.draw.choice(
            [
                ("^base_model\\.model\\.", ""),
                ("^base_model\\.model\\.", "base_model.model.model."),
                ("(lora_[AB])\\.weight$", "$1.default.weight"),
                ("(lora_[AB])\\.weight$", "$1"),
                ("(lora_embedding_[AB])$", "$1.default"),
                ("(lora_embedding_[AB])$", "$1.weight"),
                ("(lora_magnitude_vector)$", "$1.weight"),
                ("(lora_magnitude_vector)$", "$1.default.weight"),
                ("lora_A", "lora_a"),
                ("lora_A", "lora_C"),
                ("^", "module."),
                ("^", "_orig_mod."),
                ("^", "default."),
                ("layers\\.", "h."),
                ("layers\\.0", "layers.10"),
                ("self_attn", "attention"),
                ("mlp", "feed_forward"),
                ("\\.base_layer\\.weight$", ".base_layer.bias"),
                ("\\.base_layer", ""),
            ]
        )
        if not any(re.search(pattern, key) for key in self.keys):
            return self.drop()
        return ["rename-all", pattern, new]

    def field(self):
        kind = self.draw.random()
        fields = sorted(self.config)
        if kind < 0.15:
            name = self.draw.choice(fields)
            return ["remove", name]
        if kind < 0.3:
            name = self.draw.choice(fields)
            return ["set", name, None]
        if kind < 0.4:
            name = self.draw.choice(fields)
            new = self.draw.choice([name + "s", name[1:], name.upper(), name.replace("_", "-"), "lora_" + name])
            return ["rename-field", name, new]
        if kind < 0.55:
            name, form = self.draw.choice(OLD_FORMS)
            return ["set", name, form(copy.deepcopy(self.config[name]))]
        name = self.draw.choice(sorted(VALUES))
        return ["set", name, self.draw.choice(VALUES[name])]


def edited_tensors(tensors: dict, edit: list) -> dict:
    """Returns the tensors with an edit of the weights applied."""
    tensors = dict(tensors)
    operation, *rest = edit
    if operation == "rename":
        tensors[rest[1]] = tensors.pop(rest[0])
    elif operation == "copy":
        tensors[rest[1]] = tensors[rest[0]] * rest[2]
    elif operation == "drop":
        del tensors[rest[0]]
    elif operation == "dtype":
        tensors[rest[0]] = tensors[rest[0]].to(DTYPES[rest[1]])
    elif operation == "rows":
        old = tensors[rest[0]]
        tensors[rest[0]] = torch.cat([old, old[:1]])[: rest[1]].contiguous()
    elif operation == "transpose":
        tensors[rest[0]] = tensors[rest[0]].t().contiguous()
    elif operation == "flatten":
        tensors[rest[0]] = tensors[rest[0]].flatten()
    elif operation == "unsqueeze":
        tensors[rest[0]] = tensors[rest[0]].unsqueeze(0)
    elif operation == "rename-all":
        new = rest[1].replace("$1", "\\1")
        tensors = {re.sub(rest[0], new, key): value for key, value in tensors.items()}
    else:
        raise ValueError(operation)
    return tensors


def edited_config(config: dict, edit: list) -> dict:
    """Returns the configuration with an edit of it applied."""
    config = dict(config)
    operation, *rest = edit
    if operation == "remove":
        del config[rest[0]]
    elif operation == "set":
        config[rest[0]] = rest[1]
    elif operation == "rename-field":
        config[rest[1]] = config.pop(rest[0])
    else:
        raise ValueError(operation)
    return config


def same(one, other) -> bool:
    return json.dumps(one) == json.dumps(other)


def sums(logits: torch.Tensor) -> list[float]:
    flat = logits.detach().double().flatten()
    at = torch.arange(1, flat.numel() + 1, dtype=torch.float64)
    return [
        round(float((flat * torch.cos((k + 1) * at / 10)).sum() / flat.numel() ** 0.5), 7) for k in range(8)
    ]


def answer(base, ids, config: dict, tensors: dict) -> list[float] | str:
    """Returns PEFT's numbers, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder)
        (directory / "adapter_config.json").write_text(json.dumps(config))
        save_file({key: value.contiguous() for key, value in tensors.items()}, directory / "adapter_model.safetensors")
        torch.manual_seed(0)
        try:
            with warnings.catch_warnings(), torch.no_grad():
                warnings.simplefilter("ignore")
                model = PeftModel.from_pretrained(copy.deepcopy(base), folder).eval()
                return sums(model(input_ids=ids).logits)
        except Exception as error:  # whatever it raises
            return f"{type(error).__name__}: {error}".splitlines()[0][:120]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    editors = [Editor(name, draw) for name in NAMES]
    bases = {name: AutoModelForCausalLM.from_pretrained(CASES / name / "base").eval() for name in NAMES}
    ids = {name: load_file(CASES / name / "expected.safetensors")["input_ids"] for name in NAMES}
    lines, seen = [], set()
    while len(lines) < arguments.count:
        editor = editors[len(lines) % len(editors)]
        edit = editor.next()
        mark = (editor.name, json.dumps(edit))
        unchanged = edit[0] == "set" and edit[1] in editor.config and same(editor.config[edit[1]], edit[2])
        if mark in seen or unchanged or edit[0] == "rename-field" and edit[1] == edit[2]:
            continue
        seen.add(mark)
        config, tensors = editor.config, editor.tensors
        if edit[0] in ("remove", "set", "rename-field"):
            config = edited_config(config, edit)
        else:
            tensors = edited_tensors(tensors, edit)
        peft = answer(bases[editor.name], ids[editor.name], config, tensors)
        lines.append({"case": editor.name, "edit": edit, "peft": peft})
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    with open(arguments.out, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as zipped:
        zipped.write(text.encode())
    raised = sum(isinstance(line["peft"], str) for line in lines)
    print(f"{len(lines)} edits, {raised} of which PEFT refuses: {arguments.out}")


if __name__ == "__main__":
    main()

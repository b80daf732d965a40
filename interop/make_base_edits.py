"""Writes what Transformers makes of bases that something was changed in, for a test that asks Ligature the same.

    python interop/make_base_edits.py [--seed N] [--count N] [--out FILE]

Each edit changes one thing of a base's config.json or of its tensors, and leaves both files well-formed. A line of the
file, JSON in gzip, is like those of make_edits.py:

    {"case": "families/gpt2", "edit": ["set", "n_inner", null], "reference": [8 numbers] or "why there are none"}

There are none where Transformers raises, and where it would fill a weight that the file lacks with random numbers. Where
it raises for the value of a field, "meant" has the numbers with a number of the other type, or without the field. The
numbers are the sums of make_edits.py, of the logits of the case's inputs in float32, with zeros where the attention
mask has them. Nothing in this file comes from Ligature.
"""

import argparse
import copy
import gzip
import json
import pathlib
import random
import tempfile
import warnings

import torch
import transformers
from make_edits import DTYPES, edited_config, edited_tensors, sums
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoModelForMaskedLM, AutoModelForSeq2SeqLM

RESOURCES = pathlib.Path(__file__).resolve().parent.parent / "models/src/test/resources"
OUT = RESOURCES / "base-edits.jsonl.gz"
CASES = {
    "cases/llama-untied-both": AutoModelForCausalLM,
    "cases/llama-tied-both": AutoModelForCausalLM,
    "cases/llama-attention-bias": AutoModelForCausalLM,
    "cases/qwen2-tied-embed": AutoModelForCausalLM,
    "families/gemma2": AutoModelForCausalLM,
    "families/gemma3": AutoModelForCausalLM,
    "families/gpt2": AutoModelForCausalLM,
    "families/llama3": AutoModelForCausalLM,
    "families/llama3-older": AutoModelForCausalLM,
    "families/mistral": AutoModelForCausalLM,
    "families/olmo2": AutoModelForCausalLM,
    "families/phi3": AutoModelForCausalLM,
    "families/qwen3": AutoModelForCausalLM,
    "families/smollm3": AutoModelForCausalLM,
    "encoders/bert-mlm": AutoModelForMaskedLM,
    "encoders/modernbert-mlm-tied": AutoModelForMaskedLM,
    "t5/relu": AutoModelForSeq2SeqLM,
}
FLAGS = [True, False, None, 0, 1, "true"]
ACTIVATIONS = ["silu", "swish", "gelu", "gelu_new", "gelu_pytorch_tanh", "gelu_fast", "relu", "quick_gelu", "tanh", None]
ROPES = [
    None,
    {},
    {"rope_type": "default"},
    {"rope_theta": 500000.0},
    {"rope_theta": 10000.0, "rope_type": "default"},
    {"rope_theta": 10000, "type": "linear", "factor": 2},
    {"rope_theta": 10000.0, "rope_type": "linear", "factor": 4.0},
    {"rope_theta": 10000.0, "rope_type": "dynamic", "factor": 2.0},
    {"rope_theta": 10000.0, "rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 32},
    {"rope_theta": 10000.0, "rope_type": "default", "partial_rotary_factor": 0.5},
    {"rope_theta": 10000.0, "rope_type": "default", "mscale": 1.0},
]
VALUES = {
    "architectures": [None, [], ["LlamaForCausalLM"], ["LlamaModel", "LlamaForCausalLM"]],
    "attention_bias": FLAGS,
    "attention_dropout": [0.0, 0.1, None],
    "attn_logit_softcapping": [None, 5.0, 50],
    "auto_map": [None, {"AutoConfig": "x.Y"}],
    "attention_multiplier": [0.5],
    "bos_token_id": [None, 3],
    "decoder_bias": FLAGS,
    "dtype": [None, "float16", "bfloat16", "float32", "auto"],
    "embedding_multiplier": [2.0],
    "eos_token_id": [None, [2, 3], 3],
    "feed_forward_proj": ["relu", "gated-gelu", "gelu"],
    "final_logit_softcapping": [None, 5.0, 30],
    "global_attn_every_n_layers": [None, 2],
    "global_rope_theta": [None, 1000.0, 50000.0],
    "head_dim": [None],
    "hidden_act": ACTIVATIONS,
    "hidden_activation": ACTIVATIONS,
    "hidden_size": [None],
    "id2label": [{"0": "a", "1": "b"}],
    "is_decoder": FLAGS,
    "is_causal": FLAGS,
    "layer_types": [None, [], ["full_attention"] * 2, ["sliding_attention", "full_attention"], ["full_attention"] * 4],
    "local_attention": [None, 2, 8],
    "local_rope_theta": [None, 10.0],
    "logit_scale": [0.5],
    "max_window_layers": [0, 1, 28, None],
    "mlp_bias": FLAGS,
    "n_ctx": [32],
    "n_inner": [None],
    "no_rope_layers": [None, [1, 1, 1, 1], [0, 0, 0, 0]],
    "norm_bias": FLAGS,
    "num_attention_heads": [2, 8, None],
    "num_hidden_layers": [1, None],
    "num_key_value_heads": [None, 4, 1],
    "num_labels": [2],
    "num_layers": [1],
    "original_max_position_embeddings": [16, 32, 64],
    "pad_token_id": [None, 1, 0],
    "partial_rotary_factor": [None, 1.0, 0.5],
    "position_embedding_type": ["absolute", "relative_key", None],
    "pretraining_tp": [1, 2, None],
    "quantization_config": [None, {"quant_method": "bitsandbytes", "load_in_8bit": True}],
    "query_pre_attn_scalar": [None, 4, 8, 256],
    "residual_multiplier": [0.5],
    "rms_norm_eps": [1e-5, 1e-6, None],
    "rope_local_base_freq": [None, 100.0],
    "rope_parameters": ROPES,
    "rope_scaling": ROPES,
    "rope_theta": [None, 10000, 10000.0, 500000.0],
    "scale_attn_weights": FLAGS,
    "scale_attn_by_inverse_layer_idx": FLAGS,
    "scale_decoder_outputs": FLAGS,
    "sliding_window": [None, 0, 2, 5, 4096],
    "sliding_window_pattern": [None, 2, 3],
    "tie_word_embeddings": FLAGS,
    "torch_dtype": [None, "float16", "bfloat16"],
    "transformers_version": [None, "4.30.0"],
    "type_vocab_size": [1, 3],
    "unheard_of": [None, True, 0.5, "x", {"a": 1}],
    "use_bidirectional_attention": FLAGS,
    "use_cache": FLAGS,
    "use_sliding_window": FLAGS,
    "_attn_implementation": [None, "eager"],
}
FORMS = [  # several fields at once, as older files and other tools have them: what is set, what is removed
    ({"rope_theta": 10000.0}, ["rope_parameters"]),
    ({"rope_theta": 500000.0, "rope_scaling": None}, ["rope_parameters"]),
    ({"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 2.0}}, ["rope_parameters"]),
    ({"rope_theta": 10000.0, "rope_scaling": {"type": "dynamic", "factor": 2.0}}, ["rope_parameters"]),
    ({"rope_theta": 10000.0, "rope_scaling": {"type": "default"}}, ["rope_parameters"]),
    ({"rope_theta": 10000.0, "partial_rotary_factor": 0.5}, ["rope_parameters"]),
    ({"rope_theta": 1e6, "rope_local_base_freq": 1e4}, ["rope_parameters"]),
    ({"rope_theta": 1e6, "rope_local_base_freq": 100.0, "sliding_window_pattern": 2}, ["rope_parameters", "layer_types"]),
    ({"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_scaling": {"rope_type": "linear", "factor": 8.0}},
     ["rope_parameters"]),
    ({"global_rope_theta": 1000.0, "local_rope_theta": 20.0, "global_attn_every_n_layers": 3},
     ["rope_parameters", "layer_types"]),
    ({"torch_dtype": "float32"}, ["dtype"]),
    ({"num_key_value_heads": 4, "num_attention_heads": 4}, []),
    ({"sliding_window": 3, "use_sliding_window": True, "max_window_layers": 0}, ["layer_types"]),
    ({"sliding_window": 3, "use_sliding_window": True, "max_window_layers": 1}, ["layer_types"]),
    ({"sliding_window": 3, "use_sliding_window": False}, ["layer_types"]),
    ({"sliding_window": 3}, ["layer_types", "use_sliding_window"]),
    ({"no_rope_layer_interval": 2}, ["no_rope_layers"]),
    ({"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}, ["n_embd", "n_layer", "n_head"]),
    ({"num_attention_heads": 2}, ["n_head"]),
    ({"n_positions": 64, "n_ctx": 64}, []),
    ({"dense_act_fn": "gelu_new", "is_gated_act": True, "feed_forward_proj": "gated-gelu"}, []),
    ({"hidden_act": "gelu", "hidden_activation": None}, []),
    ({"hidden_act": "gelu"}, ["hidden_activation"]),
]


class Editor:
    """Draws edits of one base."""

    def __init__(self, name: str, draw: random.Random):
        self.draw = draw
        self.config = json.loads((RESOURCES / name / "base/config.json").read_text())
        self.tensors = load_file(RESOURCES / name / "base/model.safetensors")
        self.keys = sorted(self.tensors)

    def next(self) -> list:
        kinds = [self.rename, self.double, self.drop, self.dtype, self.shape, self.rename_all]
        return self.draw.choice(kinds)() if self.draw.random() < 0.3 else self.field()

    def other_name(self, key: str) -> str:
        first, _, rest = key.partition(".")
        names = [
            rest,
            first + "." + key,
            "model." + key,
            "module." + key,
            "_orig_mod." + key,
            "language_model." + key,
            key.replace(".weight", ""),
            key.replace(".weight", ".bias"),
            key.replace(".weight", ".scale"),
            key.replace(".weight", ".gamma").replace(".bias", ".beta"),
            key.replace(".weight", ".base_layer.weight"),
            key.replace("layers.0", "layers.1"),
            key.replace("layers.1", "layers.7"),
            key.replace("layer.0", "layer.1"),
            key.replace(".h.0", ".h.1"),
            key.replace("q_proj", "k_proj"),
            key.replace("embed_tokens", "wte"),
            key.replace("lm_head", "model.lm_head"),
            "lm_head.weight",
            "lm_head.bias",
            "score.weight",
            "v_head.summary.weight",
            "model.layers.0.self_attn.rotary_emb.inv_freq",
            "model.layers.0.self_attn.q_proj.weight_scale",
            "transformer.h.0.attn.bias",
            "transformer.h.0.attn.masked_bias",
            "cls.predictions.decoder.weight",
            "bert.embeddings.position_ids",
            "encoder.embed_tokens.weight",
            "decoder.embed_tokens.weight",
            key.upper(),
            key + " ",
        ]
        return self.draw.choice([name for name in names if name and name != key])

    def rename(self) -> list:
        key = self.draw.choice(self.keys)
        return ["rename", key, self.other_name(key)]

    def double(self) -> list:
        embeddings = [key for key in self.keys if "embed" in key or "wte" in key or "lm_head" in key]
        key = self.draw.choice(embeddings if self.draw.random() < 0.5 and embeddings else self.keys)
        return ["copy", key, self.other_name(key), self.draw.choice([1.0, 1.0, 1.5, 0.0])]

    def drop(self) -> list:
        return ["drop", self.draw.choice(self.keys)]

    def dtype(self) -> list:
        return ["dtype", self.draw.choice(self.keys), self.draw.choice(sorted(DTYPES))]

    def shape(self) -> list:
        key = self.draw.choice(self.keys)
        rows = self.tensors[key].shape[0]
        edits = [["rows", key, rows - 1], ["rows", key, rows + 1], ["rows", key, 1], ["unsqueeze", key]]
        if self.tensors[key].dim() == 2:
            edits += [["transpose", key], ["flatten", key]]
        return self.draw.choice(edits)

    def rename_all(self) -> list:
        pattern, new = self.draw.choice(
            [
                ("^model\\.", ""),
                ("^transformer\\.", ""),
                ("^bert\\.", ""),
                ("^bert\\.", "model."),
                ("^", "model."),
                ("^", "module."),
                ("^", "_orig_mod."),
                ("^", "base_model.model."),
                ("^model\\.", "language_model.model."),
                ("^model\\.", "model.language_model."),
                ("LayerNorm\\.weight$", "LayerNorm.gamma"),
                ("LayerNorm\\.bias$", "LayerNorm.beta"),
                ("(proj)\\.weight$", "$1.base_layer.weight"),
                ("layers\\.0", "layers.10"),
                ("self_attn", "attention"),
            ]
        )
        return ["rename-all", pattern, new]

    def field(self) -> list:
        kind = self.draw.random()
        name = self.draw.choice(sorted(self.config))
        if kind < 0.12:
            return ["remove", name]
        if kind < 0.24:
            return ["set", name, None]
        if kind < 0.3:
            return ["rename-field", name, self.draw.choice([name + "s", name.upper(), name.replace("_", "-")])]
        if kind < 0.45:
            return ["set", name, self.another(self.config[name])]
        if kind < 0.6:
            fields, removed = self.draw.choice(FORMS)
            return ["fields", fields, removed]
        own = [field for field in sorted(VALUES) if field in self.config]
        name = self.draw.choice(own if self.draw.random() < 0.6 else sorted(VALUES))
        return ["set", name, self.draw.choice(VALUES[name])]

    def another(self, value):
        """Returns another value of the same type, or nearly."""
        if isinstance(value, bool):
            return self.draw.choice([not value, int(value), str(value)])
        if isinstance(value, int):
            return self.draw.choice([value + 1, value - 1, value * 2, 0, -1, float(value), str(value), [value]])
        if isinstance(value, float):
            return self.draw.choice([value * 2, value / 10, 0.0, -value, str(value), int(value)])
        if isinstance(value, str):
            return self.draw.choice(["", value.upper(), "x", [value]])
        if isinstance(value, list):
            return self.draw.choice([value[:-1], value[::-1], value + value[:1], []])
        if isinstance(value, dict):
            return {key: other for key, other in value.items() if key != self.draw.choice(sorted(value))}
        return self.draw.choice([0, 1, "x", False])


def edited_base_config(config: dict, edit: list) -> dict:
    operation, *rest = edit
    if operation == "fields":
        return {key: value for key, value in config.items() if key not in rest[1]} | rest[0]
    return edited_config(config, edit)


def of_config(edit: list) -> bool:
    return edit[0] in ("remove", "set", "rename-field", "fields")


def inputs(name: str) -> dict:
    there = load_file(RESOURCES / name / "expected.safetensors")
    kept = ("input_ids", "attention_mask", "token_type_ids", "decoder_input_ids")
    found = {key: there[key] for key in kept if key in there}
    if name.startswith(("cases", "families")):
        found.pop("attention_mask", None)
    return found


def answer(kind, given: dict, config: dict, tensors: dict) -> list[float] | str:
    """Returns the numbers of Transformers, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        directory = pathlib.Path(folder)
        (directory / "config.json").write_text(json.dumps(config))
        contiguous = {key: value.contiguous() for key, value in tensors.items()}
        save_file(contiguous, directory / "model.safetensors", {"format": "pt"})
        torch.manual_seed(0)
        try:
            with torch.no_grad():
                model, info = kind.from_pretrained(
                    folder, dtype=torch.float32, output_loading_info=True, attn_implementation="eager"
                )
                lacking = sorted(info["missing_keys"]) + sorted(map(str, info["mismatched_keys"]))
                if lacking:
                    return f"random: {lacking[0]}"[:120]
                logits = model.eval()(**given).logits
                if "attention_mask" in given and logits.dim() == 3 and "decoder_input_ids" not in given:
                    logits = logits * given["attention_mask"][..., None]
                found = sums(logits)
                return found if all(abs(value) < 1e30 for value in found) else "not finite"
        except Exception as error:  # whatever it raises
            return f"{type(error).__name__}: {error}".splitlines()[0][:120]


def meant(kind, given: dict, config: dict, tensors: dict, edit: list) -> list[float] | str:
    """Returns what Transformers computes with a whole number as a fraction; else without the field, or its nulls."""
    if edit[0] == "fields":
        nulls = [name for name, value in edit[1].items() if value is None]
        return answer(kind, given, {key: other for key, other in config.items() if key not in nulls}, tensors)
    _, name, value = edit
    if isinstance(value, int) and not isinstance(value, bool):
        found = answer(kind, given, {**config, name: float(value)}, tensors)
        if isinstance(found, list):
            return found
    return answer(kind, given, {key: other for key, other in config.items() if key != name}, tensors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    draw = random.Random(arguments.seed)
    names = list(CASES)
    editors = {name: Editor(name, draw) for name in names}
    given = {name: inputs(name) for name in names}
    lines, seen = [], set()
    while len(lines) < arguments.count:
        name = names[len(lines) % len(names)]
        editor = editors[name]
        edit = editor.next()
        mark = (name, json.dumps(edit))
        if mark in seen:
            continue
        seen.add(mark)
        config, tensors = copy.deepcopy(editor.config), editor.tensors
        if of_config(edit):
            config = edited_base_config(config, edit)
        else:
            tensors = edited_tensors(tensors, edit)
        if config == editor.config and tensors.keys() == editor.tensors.keys() and tensors is editor.tensors:
            continue
        line = {"case": name, "edit": edit, "reference": answer(CASES[name], given[name], config, tensors)}
        if edit[0] in ("set", "fields") and isinstance(line["reference"], str):
            line["meant"] = meant(CASES[name], given[name], config, tensors, edit)
        lines.append(line)
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    with open(arguments.out, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as zipped:
        zipped.write(text.encode())
    none = sum(isinstance(line["reference"], str) for line in lines)
    print(f"{len(lines)} edits, {none} of which Transformers has no numbers of: {arguments.out}")


if __name__ == "__main__":
    main()

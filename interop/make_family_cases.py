"""Writes the reference cases of models/src/test/resources/families with Transformers and PEFT.

    python interop/make_family_cases.py OUT [--only NAME] [--seed N]

The tests compare with the numbers written here, so nothing in this file may come from Ligature. Each case is a folder
with base/ (a checkpoint), adapter/ (of PEFT, its factors drawn at random), case.json and

  expected.safetensors  input_ids (B,T); base_logits, adapter_logits (B,T,V); prompt_ids, prompt_mask (B,P) padded on the
                        left, and generated (B,P+N), greedy with a cache; in the first case of a family also loss and
                        gradient.<parameter> of the base

The adapter's logits are those of the base with W + dW put in by hand: PEFT's own forward of tied weights is not reliable.
"""

import argparse
import copy
import json
import pathlib
import warnings
from dataclasses import dataclass, field

import torch
import transformers
from make_cases import FIRST_ORDINARY_ID, SPECIAL_IDS, Folder, logits, randomise_adapter, randomise_base
from make_llama_numbers import generate, gradients, left_padded
from peft import LoraConfig, get_peft_model

SHAPES = {
    "small": {
        "vocab_size": 53, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4,
        "num_key_value_heads": 2, "max_position_embeddings": 64,
    },
    "odd": {
        "vocab_size": 47, "hidden_size": 20, "intermediate_size": 28, "num_hidden_layers": 3, "num_attention_heads": 5,
        "num_key_value_heads": 1, "max_position_embeddings": 48,
    },
}
TOKENS = 14
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
TIED = {"tie_word_embeddings": True}
UNTIED = {"tie_word_embeddings": False}
QV = {"r": 3, "lora_alpha": 6, "target_modules": ["q_proj", "v_proj"]}
QV_TIED = {"r": 3, "lora_alpha": 6, "target_modules": ["q_proj", "v_proj", "embed_tokens"], "ensure_weight_tying": True}
LINEAR = {
    "r": 2, "lora_alpha": 4,
    "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}
FULL, SLIDING = "full_attention", "sliding_attention"


def older_llama3(config: dict) -> None:
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = rope


def older_gemma3(config: dict) -> None:
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope[FULL]["rope_theta"]
    config["rope_local_base_freq"] = rope[SLIDING]["rope_theta"]
    config["rope_scaling"] = None
    config.pop("layer_types")


def older_gemma3_linear(config: dict) -> None:
    """As the files of Gemma 3 with more than a billion parameters have it."""
    scaled = config["rope_parameters"][FULL]
    older_gemma3(config)
    config["rope_scaling"] = {"rope_type": "linear", "factor": scaled["factor"]}


@dataclass(frozen=True)
class Family:
    name: str
    about: str
    config: type
    model: type
    settings: dict
    lora: dict
    seed: int
    shape: str = "small"
    older: object = None
    renamed: dict = field(default_factory=dict)


def family(kind: str, name: str, *rest, head: str = "ForCausalLM", **more) -> Family:
    config = getattr(transformers, kind + ("TextConfig" if kind == "Gemma3" else "Config"))
    return Family(name, rest[0], config, getattr(transformers, kind + head), *rest[1:], **more)


GPT2_NAMES = {
    "hidden_size": "n_embd", "num_hidden_layers": "n_layer", "num_attention_heads": "n_head",
    "max_position_embeddings": "n_positions", "intermediate_size": "n_inner", "num_key_value_heads": None,
}
FAMILIES = [
    family(
        "Llama", "llama3", "rope_type llama3 in rope_parameters; tied",
        {"rope_parameters": LLAMA3, "head_dim": 16, **TIED}, QV_TIED, 1,
    ),
    family(
        "Llama", "llama3-older", "rope_type llama3 in rope_scaling",
        {"rope_parameters": {**LLAMA3, "factor": 32.0, "low_freq_factor": 2.0}, "head_dim": 12, **UNTIED}, LINEAR, 2,
        shape="odd", older=older_llama3,
    ),
    family("Qwen3", "qwen3", "norms of each head; tied", {"head_dim": 8, **TIED}, QV_TIED, 3),
    family("Qwen3", "qwen3-bias", "biases", {"head_dim": 6, "attention_bias": True, **UNTIED}, LINEAR, 4, shape="odd"),
    family("Mistral", "mistral", "a window of 5 tokens", {"sliding_window": 5, "head_dim": 8}, QV, 5),
    family("Mistral", "mistral-full", "no window; tied", {"sliding_window": None, **TIED}, QV_TIED, 6, shape="odd"),
    family("SmolLM3", "smollm3", "the last of four layers knows no positions", {"num_hidden_layers": 4}, QV_TIED, 7),
    family(
        "SmolLM3", "smollm3-bias", "layers listed, biases",
        {"no_rope_layers": [1, 0, 1], "attention_bias": True, "mlp_bias": True, **UNTIED}, LINEAR, 8, shape="odd",
    ),
    family("Olmo2", "olmo2", "norms behind attention and MLP", {}, QV, 9),
    family("Olmo2", "olmo2-bias", "biases; tied", {"attention_bias": True, **TIED}, QV_TIED, 10, shape="odd"),
    family(
        "Phi3", "phi3", "half of each head is turned",
        {"num_attention_heads": 2, "num_key_value_heads": 1, "rope_parameters": {
            "rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}},
        {"r": 3, "lora_alpha": 6, "target_modules": ["qkv_proj", "gate_up_proj", "down_proj"]}, 11,
    ),
    family(
        "Phi3", "phi3-window", "a window of 5 tokens; tied", {"sliding_window": 5, **TIED},
        {"r": 2, "lora_alpha": 4, "target_modules": ["qkv_proj", "o_proj", "embed_tokens"], "ensure_weight_tying": True},
        12, shape="odd",
    ),
    family(
        "Gemma2", "gemma2", "caps that are felt, windows in every other layer",
        {"head_dim": 8, "sliding_window": 5, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0,
         "query_pre_attn_scalar": 10}, QV_TIED, 13,
    ),
    family(
        "Gemma2", "gemma2-untapped", "no caps",
        {"head_dim": 6, "attn_logit_softcapping": None, "final_logit_softcapping": None, "sliding_window": 4},
        LINEAR, 14, shape="odd",
    ),
    family(
        "Gemma3", "gemma3", "two bases of frequencies, windows",
        {"head_dim": 8, "sliding_window": 5, "layer_types": [SLIDING, FULL, SLIDING], "num_hidden_layers": 3,
         "query_pre_attn_scalar": 10}, QV_TIED, 15,
    ),
    family(
        "Gemma3", "gemma3-rows", "token rows; the fields of older files",
        {"head_dim": 6, "sliding_window": 4, "sliding_window_pattern": 3, "attention_bias": True,
         "final_logit_softcapping": 5.0},
        {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "trainable_token_indices": [3, 9, 20]}, 16,
        shape="odd", older=older_gemma3,
    ),
    family(
        "Gemma3", "gemma3-linear", "positions that are stretched in layers that see all, in the fields of older files",
        {"head_dim": 8, "sliding_window": 5, "sliding_window_pattern": 2, "rope_parameters": {
            FULL: {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000.0},
            SLIDING: {"rope_type": "default", "rope_theta": 100.0}}},
        QV, 19, older=older_gemma3_linear,
    ),
    family(
        "GPT2", "gpt2", "weights stored (in, out); tied", {},
        {"r": 3, "lora_alpha": 6, "target_modules": ["c_attn", "wte"], "ensure_weight_tying": True,
         "fan_in_fan_out": True}, 17, head="LMHeadModel", renamed=GPT2_NAMES,
    ),
    family(
        "GPT2", "gpt2-unscaled", "scores that are not scaled", {"scale_attn_weights": False},
        {"r": 2, "lora_alpha": 4, "target_modules": ["c_attn", "c_proj", "c_fc"], "fan_in_fan_out": True}, 18,
        shape="odd", head="LMHeadModel", renamed=GPT2_NAMES,
    ),
]


def base_of(case: Family):
    shape = {case.renamed.get(name, name): size for name, size in SHAPES[case.shape].items()}
    shape.pop(None, None)
    model = case.model(case.config(**{**shape, **SPECIAL_IDS, **case.settings}))
    model.set_attn_implementation("eager")
    randomise_base(model)
    return model.eval()


@torch.no_grad()
def put_in(base, adapted):
    """Returns the base with what the adapter means added to its weights, once for all readers of a tied one."""
    changed = copy.deepcopy(base)
    changed.tie_weights()
    parameters = dict(changed.named_parameters())
    for name, layer in adapted.named_modules():
        name = name.removeprefix("base_model.model.") + ".weight"
        if "default" in getattr(layer, "lora_embedding_A", {}):
            delta = (layer.lora_embedding_B["default"] @ layer.lora_embedding_A["default"]).T
        elif "default" in getattr(layer, "lora_A", {}):
            delta = layer.lora_B["default"].weight @ layer.lora_A["default"].weight
            delta = delta.T if layer.fan_in_fan_out else delta
        elif "default" in getattr(layer, "trainable_tokens_delta", {}):
            if "token_adapter" in name:  # inside of the module that it changes
                name = name.replace(".token_adapter", "")
            if name in parameters:
                parameters[name][layer.token_indices["default"]] = layer.trainable_tokens_delta["default"]
            continue
        else:
            continue
        if name in parameters:  # a tied reader has no parameter of its own
            parameters[name].add_(delta * layer.scaling["default"])
    return changed


def write(out: pathlib.Path, case: Family, first_of_family: bool, seed: int) -> None:
    torch.manual_seed(seed)
    folder = Folder(out, case.name)
    base = base_of(case)
    folder.save_base(base)
    if case.older:
        path = folder.path / "base" / "config.json"
        config = json.loads(path.read_text())
        case.older(config)
        path.write_text(json.dumps(config, indent=2) + "\n")
        again = case.model.from_pretrained(folder.path / "base", attn_implementation="eager").eval()
        probe = torch.arange(3, 3 + TOKENS)[None]
        assert torch.equal(logits(again, probe), logits(base, probe)), f"{case.name}: the older file says otherwise"
    vocab = base.config.vocab_size
    ids = torch.randint(FIRST_ORDINARY_ID, vocab, (2, TOKENS))
    if first_of_family:
        found = {name: value.detach() for name, value in gradients(copy.deepcopy(base), ids).items()}
        found["base_logits"] = found.pop("logits")
    else:
        found = {"input_ids": ids, "base_logits": logits(base, ids)}
    prompts, mask = left_padded((4, 9, 2), vocab)
    found |= {"prompt_ids": prompts, "prompt_mask": mask, "generated": generate(base, prompts, mask, None)}
    adapted = get_peft_model(copy.deepcopy(base), LoraConfig(**case.lora)).eval()
    randomise_adapter(adapted, 0.3)
    folder.save_adapter(adapted, "adapter", save_embedding_layers=False)
    changed = put_in(base, adapted)
    found["adapter_logits"] = logits(changed, ids)
    folder.save_tensors("expected.safetensors", {name: value.contiguous() for name, value in found.items()})
    folder.describe(case.about, seed)
    moved = (found["adapter_logits"] - found["base_logits"]).abs().max()
    assert moved > 0.05, f"{case.name}: the adapter changes nothing"
    theirs = (found["adapter_logits"] - logits(adapted, ids)).abs().max()
    exact = copy.deepcopy(changed).double()(input_ids=ids).logits
    rounds = ((found["adapter_logits"] - exact).abs() / (1 + exact.abs())).max()
    assert rounds < 1e-5, f"{case.name}: float32 itself rounds by {rounds:.1e}"
    print(f"wrote {case.name}: the adapter moves a logit by up to {moved:.3f}; PEFT's forward differs by {theirs:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--only", default="", help="cases whose name starts with this")
    parser.add_argument("--seed", type=int, default=1, help="1 wrote the committed cases")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    seen = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in FAMILIES:
            first = case.config not in seen and not case.older
            seen.add(case.config)
            if case.name.startswith(args.only):
                write(args.out, case, first, args.seed * 1000 + case.seed)


if __name__ == "__main__":
    main()

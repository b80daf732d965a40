"""Writes the cases of models/src/test/resources/relatives: like those of make_file_cases.py, of other families and tools.

    python interop/make_relative_cases.py OUT

The form is that of make_file_cases.py. Nothing in this file comes from Ligature.
"""

import argparse
import json
import pathlib
import shutil
import warnings

import torch
import transformers
from make_file_cases import PREFIX, Cases, adapter, configure, edit, is_of_base, mlx, train
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    BertConfig,
    Gemma3TextConfig,
    GPT2Config,
    LlamaConfig,
    Qwen2Config,
)

VOCABULARY = 29
SHAPE = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
FAMILIES = {
    "qwen2": Qwen2Config(**SHAPE, vocab_size=VOCABULARY, tie_word_embeddings=True),
    "gemma3": Gemma3TextConfig(
        **SHAPE, head_dim=8, vocab_size=VOCABULARY, query_pre_attn_scalar=8, sliding_window=5,
        layer_types=["full_attention"]),
    "gpt2": GPT2Config(
        n_embd=16, n_inner=24, n_layer=1, n_head=4, n_positions=64, vocab_size=VOCABULARY, bos_token_id=1,
        eos_token_id=2, pad_token_id=0),
    "bert": BertConfig(
        hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=4, max_position_embeddings=64,
        vocab_size=VOCABULARY, pad_token_id=0),
    "large": LlamaConfig(**SHAPE, vocab_size=40, tie_word_embeddings=False),
    "untied": LlamaConfig(**SHAPE, vocab_size=VOCABULARY, tie_word_embeddings=False),
}
# The modules to adapt, the embedding, and the head, in a configuration's words.
NAMES = {
    "qwen2": (["q_proj", "v_proj"], "embed_tokens", "lm_head"),
    "gemma3": (["q_proj", "v_proj"], "embed_tokens", "lm_head"),
    "gpt2": (["c_attn"], "wte", "lm_head"),
    "bert": (["query", "value"], "word_embeddings", "decoder"),
    "large": (["q_proj", "v_proj"], "embed_tokens", "lm_head"),
    "untied": (["q_proj", "v_proj"], "embed_tokens", "lm_head"),
}
SIZES = {"qwen2": 32, "gemma3": 32, "gpt2": 32, "bert": 32, "large": 32}


class Relatives(Cases):
    """Cases of bases of any family."""

    def of_family(self, family: str, size: int = 0) -> pathlib.Path:
        """Returns the directory of a base, whose vocabulary was resized if a size is given."""
        directory = self.out / "bases" / (f"{family}-{size}" if size else family)
        if not directory.exists():
            torch.manual_seed(len(family))
            config = FAMILIES[family]
            auto = AutoModelForMaskedLM if family == "bert" else AutoModelForCausalLM
            model = auto.from_config(config)
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.normal_(0, 0.2)
            if size:
                model.resize_token_embeddings(size, mean_resizing=False)
                with torch.no_grad():
                    for parameter in model.parameters():
                        if parameter.shape[0] == size:
                            parameter.normal_(0, 0.2)
            self.save_base(model, directory)
        return directory

    def open(self, base: pathlib.Path):
        auto = AutoModelForMaskedLM if base.name.startswith("bert") else AutoModelForCausalLM
        return auto.from_pretrained(base)

    def numbers(self, name: str, base: pathlib.Path, adapter: str, choice: str = "fail", of=None, **more) -> None:
        super().numbers(name, base, adapter, choice, of, model=self.open(base), **more)


def changed(cases: Relatives, base: pathlib.Path):
    """Returns a model some rows of whose embedding were initialised anew."""
    model = cases.open(base)
    torch.manual_seed(98)
    with torch.no_grad():
        embedding = model.get_input_embeddings().weight
        embedding[20:24] = torch.randn_like(embedding[20:24])
    return model


def settings(family: str, **lora) -> dict:
    return {"target_modules": NAMES[family][0], "fan_in_fan_out": family == "gpt2", **lora}


def base_differences(cases: Relatives) -> None:
    for family in ("qwen2", "gemma3", "gpt2", "bert"):
        base = cases.of_family(family)
        embedding = NAMES[family][1]
        targets = NAMES[family][0] + [embedding]
        name = f"{family}-changed-embedding"
        adapter(cases, name, changed(cases, base), 61, save=True, **settings(family, target_modules=targets))
        cases.three(name, base, name, embedding + ".base_layer.weight")
        name = f"{family}-whole"
        adapter(cases, name, cases.open(base), 62, save=True, **settings(family))
        cases.numbers(name, base, name)
        name = f"{family}-changed-whole"
        adapter(cases, name, changed(cases, base), 63, save=True, **settings(family))
        cases.three(name, base, name, embedding)
        if family == "bert":
            continue  # PEFT leaves out the bias of a head with token rows
        name = f"{family}-changed-rows"
        rows = {embedding: [5, 21]}
        adapter(cases, name, changed(cases, base), 64, save=True, **settings(family, trainable_token_indices=rows))
        cases.three(name, base, name, "token_adapter.base_layer.weight")
    # A bias of the base below an adapted module; PEFT reads it, though no bias is trained.
    adapter(cases, "qwen2-plain", cases.open(cases.of_family("qwen2")), 65, **settings("qwen2"))
    bias = PREFIX + "model.layers.0.self_attn.q_proj.base_layer.bias"
    edit(cases, "qwen2-with-bias", "qwen2-plain", lambda t: {**t, bias: torch.linspace(-1, 1, 16)})
    cases.three("qwen2-with-bias", cases.of_family("qwen2"), "qwen2-with-bias", "q_proj.base_layer.bias")
    # GPT-2 stores (in, out); so does a file that has a weight of it.
    adapter(cases, "gpt2-plain", cases.open(cases.of_family("gpt2")), 66, **settings("gpt2"))
    weight = PREFIX + "transformer.h.0.attn.c_attn.base_layer.weight"
    torch.manual_seed(67)
    other = torch.randn(16, 48) * 0.2
    edit(cases, "gpt2-with-weight", "gpt2-plain", lambda t: {**t, weight: other})
    cases.three("gpt2-with-weight", cases.of_family("gpt2"), "gpt2-with-weight", "c_attn.base_layer.weight")
    transposed = "c_attn.base_layer.weight' is (48, 16) instead of (16, 48)"
    edit(cases, "gpt2-with-transposed", "gpt2-plain", lambda t: {**t, weight: other.t()})
    cases.refused("gpt2-with-transposed", cases.of_family("gpt2"), "gpt2-with-transposed", "AdapterBaseDiffers", transposed)


def resized(cases: Relatives) -> None:
    for family, size in SIZES.items():
        base = cases.of_family(family, size)
        targets, embedding, head = NAMES[family]
        # Of GPT-2 and BERT PEFT makes factors and copies for one of the tied modules alone, whatever the flag says.
        tying = {"ensure_weight_tying": True} if family in ("qwen2", "gemma3") else {}
        kinds = {
            "attention": {},
            "saved": {"modules_to_save": [embedding, head], **tying},
            "rows": {"trainable_token_indices": {embedding: [29, 30, 31]}, **tying},
            "targets": {"target_modules": targets + [embedding], **tying},
        }
        if family == "bert":
            del kinds["rows"]
        for kind, lora in kinds.items():
            name = f"{base.name}-{kind}"
            adapter(cases, name, cases.open(base), 71, save=True, **settings(family, **lora))
            cases.numbers(name, base, name)


def not_finite(cases: Relatives) -> None:
    """A value that is not finite in each kind of tensor, and values that become infinite when they are narrowed."""
    untied = cases.of_family("untied")
    sources = {
        "dora": {"use_dora": True},
        "rows": {"trainable_token_indices": [5, 21]},
        "saved": {"modules_to_save": ["norm"]},
        "lora-bias": {"lora_bias": True},
        "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
    }
    tensors = {
        "dora": "model.layers.0.self_attn.q_proj.lora_magnitude_vector",
        "rows": "model.embed_tokens.token_adapter.trainable_tokens_delta",
        "saved": "model.norm.weight",
        "lora-bias": "model.layers.0.self_attn.v_proj.lora_B.bias",
        "embedding": "model.embed_tokens.lora_embedding_B",
    }
    for source, lora in sources.items():
        adapter(cases, source, cases.open(untied), 81, save=False, **settings("untied", **lora))
        key = PREFIX + tensors[source]
        for kind, value in (("nan", float("nan")), ("infinite", float("-inf"))):
            name = f"{kind}-{source}"
            edit(cases, name, source, lambda t: {**t, key: t[key].index_fill(0, torch.tensor([1]), value)})
            cases.refused(name, untied, name, "TensorNotFinite", key)
        name = f"wide-{source}"
        edit(cases, name, source, lambda t: {**t, key: t[key].double() * 1e39})
        cases.refused(name, untied, name, "TensorNotFinite", key)
        cases_dir = cases.directory(source)
        shutil.rmtree(cases_dir)
    adapter(cases, "plain", cases.open(untied), 82, **settings("untied"))
    # Doubles that fit are read as what they are.
    edit(cases, "doubles", "plain", lambda t: {k: v.double() for k, v in t.items()})
    cases.numbers("doubles", untied, "doubles")


def drop_fields(cases: Cases, name: str, *fields: str) -> None:
    config = cases.directory(name) / "adapter_config.json"
    kept = {k: v for k, v in json.loads(config.read_text()).items() if k not in fields}
    config.write_text(json.dumps(kept, indent=2, sort_keys=True))


def tools(cases: Relatives) -> None:
    untied = cases.of_family("untied")
    # PEFT before 0.3, as Alpaca-LoRA's adapters have it.
    configure(cases, "peft-0.2", "plain", enable_lora=None, merge_weights=False, inference_mode=True, peft_version=None)
    drop_fields(cases, "peft-0.2", "rank_pattern", "alpha_pattern", "use_dora", "use_rslora", "layers_pattern",
                "layers_to_transform", "init_lora_weights", "revision", "auto_mapping", "lora_bias", "exclude_modules")
    # Unsloth names the modules by an expression, and marks the mapping.
    expression = (r"(?:.*?(?:language|text).*?(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense).*?"
                  r"(?:q_proj|v_proj).*?)|(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|attention|attn|mlp|feed_forward|"
                  r"ffn|dense)\.(?:(?:q_proj|v_proj)))")
    configure(cases, "unsloth", "plain", target_modules=expression, use_dora=False, unsloth_fixed=True,
              auto_mapping={"base_model_class": "LlamaForCausalLM", "parent_library": "x", "unsloth_fixed": True})
    # ms-swift has fields of its own, and an expression that is anchored.
    configure(cases, "swift", "plain", target_modules=r"^(model(?=\.).*\.(q_proj|v_proj))$", lorap_lr_ratio=None,
              lora_dtype=None, lorap_emb_lr=1e-06)
    configure(cases, "full-names", "plain", target_modules=[
        "model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj"])
    configure(cases, "older-types", "plain", layers_pattern="", layers_to_transform=None, lora_alpha=4.0,
              base_model_name_or_path="", task_type="CAUSAL_LM", exclude_modules="")
    configure(cases, "newer-version", "plain", peft_version="0.99.0@0123456", a_field_of_tomorrow=None)
    for name in ("peft-0.2", "unsloth", "swift", "full-names", "older-types", "newer-version"):
        cases.numbers(name, untied, name)
    # DeepSpeed's ZeRO-3 leaves empty tensors where it is not asked to gather them.
    edit(cases, "zero-3", "plain", lambda t: {k: torch.zeros(0) for k in t})
    cases.refused("zero-3", untied, "zero-3", "AdapterShape", "(0)", "ZeRO")
    # The mapping of mlx-lm before it wrote fine_tune_type; alpha is not used there.
    parameters = {"rank": 2, "alpha": 16, "scale": 2.0, "dropout": 0.0}
    cases.numbers("mlx-older", untied, "mlx-older", of=mlx(cases, "mlx-older", "plain", lora_parameters=parameters,
                  lora_layers=16, adapter_path="adapters", train=True))
    config = cases.directory("mlx-older") / "adapter_config.json"
    config.write_text(json.dumps({k: v for k, v in json.loads(config.read_text()).items() if k != "fine_tune_type"}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    cases = Relatives(out)
    base_differences(cases)
    resized(cases)
    not_finite(cases)
    tools(cases)
    cases.write()


if __name__ == "__main__":
    main()

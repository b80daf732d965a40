"""Writes a Llama, or an adapter on its linear layers, as llama.cpp reads it: fp32 in GGUF. Needs the package gguf."""

import argparse
import json
import pathlib

import gguf
import numpy
from safetensors.numpy import load_file

MODULES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def place(module: str) -> str:
    """Returns llama.cpp's name of model.layers.N.MODULE."""
    _, _, layer, name = module.split(".", 3)
    return f"blk.{layer}.{MODULES[name]}.weight"


def rows(module: str, weight: numpy.ndarray, config: dict) -> numpy.ndarray:
    """Orders the rows of q and k as llama.cpp rotates them: pairs of neighbours in place of halves."""
    if not module.endswith(("q_proj", "k_proj")):
        return weight
    heads = config["num_attention_heads" if module.endswith("q_proj") else "num_key_value_heads"]
    return weight.reshape(heads, 2, len(weight) // heads // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def write(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_tokenizer(base: pathlib.Path, writer: gguf.GGUFWriter) -> None:
    """Writes the tokens. Whoever asks sends ids, so how texts are split does not matter; but llama.cpp wants a merge."""
    words = json.loads((base / "tokenizer.json").read_text())["model"]["vocab"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(sorted(words, key=words.get))
    writer.add_token_types([gguf.TokenType.NORMAL] * len(words))
    writer.add_token_merges(["! !"])


def write_base(base: pathlib.Path, config: dict, out: pathlib.Path) -> None:
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_dimension_count(config["hidden_size"] // config["num_attention_heads"])
    rope = config.get("rope_parameters") or config
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    write_tokenizer(base, writer)
    for name, weight in load_file(base / "model.safetensors").items():
        module = name.removesuffix(".weight")
        if module == "model.embed_tokens":
            writer.add_tensor("token_embd.weight", weight)
        elif module == "model.norm":
            writer.add_tensor("output_norm.weight", weight)
        elif module != "lm_head":  # which is tied
            writer.add_tensor(place(module), numpy.ascontiguousarray(rows(module, weight, config)))
    write(writer)


def write_adapter(adapter: pathlib.Path, config: dict, out: pathlib.Path) -> None:
    lora = json.loads((adapter / "adapter_config.json").read_text())
    writer = gguf.GGUFWriter(out, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", lora["lora_alpha"])
    for name, weight in load_file(adapter / "adapter_model.safetensors").items():
        module, factor = name.removeprefix("base_model.model.").removesuffix(".weight").rsplit(".", 1)
        if factor == "lora_B":
            weight = rows(module, weight, config)
        writer.add_tensor(f"{place(module)}.{factor.lower()}", numpy.ascontiguousarray(weight))
    write(writer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--adapter", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True, help="gets base.gguf and adapter.gguf")
    arguments = parser.parse_args()
    config = json.loads((arguments.model / "config.json").read_text())
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_base(arguments.model, config, arguments.out / "base.gguf")
    write_adapter(arguments.adapter, config, arguments.out / "adapter.gguf")


main()

"""Writes the files that the tests of dev.ligature.checkpoint read, with torch, safetensors, Transformers and PEFT.

Usage: python make_checkpoint_cases.py runtime/src/test/resources/checkpoint
"""
import pathlib, shutil, struct, sys, warnings

import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

warnings.filterwarnings("ignore")

OUT = pathlib.Path(sys.argv[1])


def f32(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def rounding():
    """Lines `float32 bfloat16 float16`, as hexadecimal bit patterns, rounded by torch."""
    torch.manual_seed(7)
    patterns = [0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x00007FFF, 0x00008000, 0x00008001, 0x00017FFF,
                0x00018000, 0x3F800000, 0x3F808000, 0x3F808001, 0x3F807FFF, 0x3F818000, 0x3F817FFF, 0xBF818000,
                0x7F7FFFFF, 0x7F7F8000, 0x7F7F7FFF, 0x7F800000, 0xFF800000, 0xFF7FFFFF, 0x477FE000, 0x477FEFFF,
                0x33000000, 0x33000001, 0x33800000, 0x387FC000, 0x38800000]
    patterns += [int(x) & 0xFFFFFFFF for x in torch.randint(0, 2 ** 32, (400,), dtype=torch.int64)]
    patterns += [struct.unpack("<I", struct.pack("<f", float(x)))[0] for x in torch.randn(400)]
    lines = []
    for p in patterns:
        value = torch.tensor([f32(p)], dtype=torch.float32)
        if value.isnan().any():
            continue
        b = value.to(torch.bfloat16).view(torch.int16).item() & 0xFFFF
        h = value.to(torch.float16).view(torch.int16).item() & 0xFFFF
        lines.append(f"{p:08x} {b:04x} {h:04x}")
    (OUT / "rounding.txt").write_text("\n".join(lines) + "\n")


def dtypes():
    """One tensor of every data type that has an array, with values that the test writes out."""
    save_file({
        "f64": torch.tensor([1 / 3, -2.5], dtype=torch.float64),
        "f32": torch.tensor([[0.1, -1.5, 3e38], [1e-45, 0.0, -0.0]], dtype=torch.float32),
        "f16": torch.tensor([0.1, 65504.0, -6e-8], dtype=torch.float16),
        "bf16": torch.tensor([[0.1, -1.5], [3e38, 1e-40]], dtype=torch.bfloat16),
        "i64": torch.tensor([2 ** 62 + 1, -1]),
        "i32": torch.tensor([2 ** 31 - 1, -7], dtype=torch.int32),
        "i8": torch.tensor([-128, 127], dtype=torch.int8),
        "u8": torch.tensor([0, 255, 7], dtype=torch.uint8),
        "bool": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "i16": torch.tensor([1], dtype=torch.int16),
        "f8": torch.tensor([1.0]).to(torch.float8_e4m3fn),
    }, OUT / "dtypes.safetensors", metadata={"format": "pt"})


def written():
    """The bytes that the reference implementation writes for tensors that the test writes too."""
    save_file({
        "b.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "a.weight": torch.tensor([1.0, 0.5], dtype=torch.float16),
        "ids": torch.tensor([[3, 4]]),
        "c.wéight": torch.tensor([0.25], dtype=torch.float32),
    }, OUT / "written.safetensors", metadata={"format": "pt"})


def llama():
    torch.manual_seed(11)
    return LlamaForCausalLM(LlamaConfig(vocab_size=29, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
                                        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=32,
                                        tie_word_embeddings=True))


def sharded():
    """A tied Llama in bfloat16, in shards as Transformers writes them, and what it widens to."""
    model = llama().to(torch.bfloat16)
    target = OUT / "sharded-bf16"
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target, max_shard_size="4KB")
    wide = {name: p.detach().to(torch.float32).contiguous() for name, p in model.named_parameters()}
    save_file(wide, OUT / "sharded-widened.safetensors", metadata={"format": "pt"})


def adapter(name, deltas=False, **settings):
    """An adapter of the Llama as PEFT saves it, with random factors, and the weight deltas that PEFT computes."""
    model = get_peft_model(llama(), LoraConfig(r=3, lora_alpha=6, **settings))
    with torch.no_grad():
        for parameter, p in model.named_parameters():
            if "lora_" in parameter or "trainable_tokens" in parameter:
                p.normal_(0, 0.3)
    target = OUT / "adapters" / name
    shutil.rmtree(target, ignore_errors=True)
    model.save_pretrained(target)
    (target / "README.md").unlink()
    if deltas:
        found = {n.removeprefix("base_model.model."): m.get_delta_weight("default").detach().contiguous()
                 for n, m in model.named_modules() if hasattr(m, "get_delta_weight")}
        save_file(found, OUT / f"adapter-{name}-deltas.safetensors", metadata={"format": "pt"})
    return target / "adapter_model.safetensors"


def adapters():
    adapter("tied", deltas=True, target_modules=["q_proj", "embed_tokens"], ensure_weight_tying=True)
    adapter("flag-off", deltas=True, target_modules=["embed_tokens", "lm_head"])
    adapter("dora", target_modules=["q_proj"], use_dora=True)
    adapter("tokens", target_modules=["q_proj"], trainable_token_indices=[3, 5])
    adapter("saved-module", target_modules=["q_proj"], modules_to_save=["norm"])
    half = adapter("bf16", target_modules=["v_proj"])
    save_file({k: v.to(torch.bfloat16) for k, v in load_file(half).items()}, half, metadata={"format": "pt"})
    diverged = adapter("diverged", target_modules=["embed_tokens"], ensure_weight_tying=True)
    tensors = {k: v.contiguous() for k, v in load_file(diverged).items() if "base_layer" not in k}
    tensors["base_model.model.lm_head.lora_B.weight"][4, 1] += 0.25
    save_file(tensors, diverged, metadata={"format": "pt"})


OUT.mkdir(parents=True, exist_ok=True)
rounding()
dtypes()
written()
sharded()
adapters()

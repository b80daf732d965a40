"""Tied weights: files, loading, and half precision."""

import contextlib
import json
import pathlib
import tempfile

import torch
from claims.files import CONFIG, WEIGHTS, base_in_file, expression_grows
from claims.registry import claim, expect, fails, recorded
from claims.toys import TIED, adapted, both, gap, llama, logits, loss, scramble, shared, tied_llama, train
from peft import LoraConfig, PeftModel, get_peft_model_state_dict, inject_adapter_in_model
from safetensors.torch import load_file, save_file

HEAD = "base_model.model.lm_head."


@contextlib.contextmanager
def saved(model):
    with tempfile.TemporaryDirectory() as folder, recorded():
        model.save_pretrained(folder)
        yield folder


def without(folder: str, prefix: str) -> None:
    tensors = load_file(f"{folder}/{WEIGHTS}")
    left = {key: t for key, t in tensors.items() if not key.startswith(prefix)}
    expect(len(left) < len(tensors), f"the file has {sorted(tensors)}")
    save_file(left, f"{folder}/{WEIGHTS}")


@claim("D1")
def half_precision() -> str:
    """On a bfloat16 or float16 base the copies part at once."""
    expect(not shared(tied_llama(torch.float16)), "tied on float16")
    model = tied_llama(torch.bfloat16)
    expect(not shared(model) and shared(tied_llama()), "tied on bfloat16, or not on float32")
    train(model)
    embedding, head = both(model)
    apart = gap(embedding.lora_embedding_A["default"], head.lora_B["default"].weight.T)
    expect(apart > 0.1, f"{apart} apart")
    return f"{apart:.2f} apart after 20 steps"


@claim("D4")
def low_memory() -> str:
    """Loading with low_cpu_mem_usage unties; without the head's copy its factors have no memory."""
    settings = {"low_cpu_mem_usage": True, "is_trainable": True}
    with saved(tied_llama()) as folder:
        expect(not shared(PeftModel.from_pretrained(llama(), folder, **settings)), "still tied")
        without(folder, HEAD)
        _, head = both(PeftModel.from_pretrained(llama(), folder, **settings))
    expect(head.lora_A["default"].weight.is_meta, "the head has memory")
    return "two storages; on `meta` without the copy"


@claim("D12")
def parted_copies() -> str:
    """Copies that part are saved, and the head's wins when they are loaded on float32."""
    model = tied_llama(torch.bfloat16)
    trained = train(model, 40)
    with saved(model) as folder:
        half = loss(PeftModel.from_pretrained(llama(dtype=torch.bfloat16), folder))
        full = loss(PeftModel.from_pretrained(llama(), folder))
    expect(abs(half - trained) < 0.05 and full > trained + 0.3, f"{trained:.2f}, {half:.2f}, {full:.2f}")
    return f"loss {trained:.2f}; loaded on bfloat16 {half:.2f}, on float32 {full:.2f}"


claim("D13")(base_in_file)
claim("D21")(expression_grows)


@claim("D22")
def untied_base() -> str:
    """Without the flag, or on an untied base, the head's factors are dropped without a word."""
    model = tied_llama()
    scramble(model)
    with saved(model) as folder:
        with recorded() as warned:
            loaded = PeftModel.from_pretrained(llama(tied=False), folder)
        expect(not hasattr(both(loaded)[1], "lora_A"), "an untied head is adapted")
        path = pathlib.Path(folder, CONFIG)
        path.write_text(json.dumps({**json.loads(path.read_text()), "ensure_weight_tying": False}))
        with recorded() as flagless:
            loaded = PeftModel.from_pretrained(llama(), folder)
        expect(not hasattr(both(loaded)[1], "lora_A"), "the head is adapted without the flag")
    expect(not any("lm_head.lora" in text or "unexpected" in text for text in warned + flagless), f"{warned + flagless}")
    return "the head has no adapter, and no warning names its tensors"


@claim("D23")
def second_copy_missing() -> str:
    """A file without the second copy: a bare KeyError, or wrong numbers."""
    with saved(adapted(llama(), ["q_proj"], modules_to_save=["embed_tokens"], **TIED)) as folder:
        without(folder, HEAD)
        error = fails(KeyError)(lambda: PeftModel.from_pretrained(llama(), folder))
    model = tied_llama(torch.bfloat16)
    scramble(model)
    embedding, head = both(model)
    with torch.no_grad():
        head.lora_A["default"].weight.copy_(embedding.lora_embedding_B["default"].T)
        head.lora_B["default"].weight.copy_(embedding.lora_embedding_A["default"].T)
    with saved(model) as folder:
        without(folder, HEAD)
        loaded = PeftModel.from_pretrained(llama(dtype=torch.bfloat16), folder)
    off = gap(logits(loaded), logits(model))
    expect(off > 0.5, f"off by {off}")
    return f"{error}; logits off by {off:.2g} on bfloat16"


@claim("D24")
def loading_warns() -> str:
    """Loading a tied adapter by its tensors warns of an inconsistency."""
    state = {k.removeprefix("base_model.model."): t for k, t in get_peft_model_state_dict(tied_llama()).items()}
    config = LoraConfig(r=4, target_modules=["embed_tokens", "lm_head"], **TIED)
    with recorded() as warned:
        inject_adapter_in_model(config, llama(), state_dict=state)
    expect(any("inconsistency" in text for text in warned), f"warns {warned}")
    return "warned of an inconsistency"

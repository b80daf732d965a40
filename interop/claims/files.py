"""Files."""

import json
import pathlib
import re
import tempfile

import peft
import torch
from claims.registry import claim, expect, fails, recorded
from claims.toys import TIED, Net, Tied, adapted, gap, linear, llama, lora_layers, scramble
from peft import LoraConfig, PeftModel
from safetensors.torch import load_file, save_file

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"


@claim("pattern-order")
def pattern_order() -> str:
    """rank_pattern is sorted when it is saved, which can change what the adapter is."""
    with tempfile.TemporaryDirectory() as folder:
        config = LoraConfig(r=4, target_modules=["fc"], rank_pattern={"fc": 2, "a.fc": 3})
        before = lora_layers(adapted(Net(a__fc=linear()), ["fc"], rank_pattern={"fc": 2, "a.fc": 3}))["a.fc"].r["default"]
        config.save_pretrained(folder)
        again = LoraConfig.from_pretrained(folder).rank_pattern
    expect(list(again) == ["a.fc", "fc"], f"{again}")
    after = lora_layers(adapted(Net(a__fc=linear()), ["fc"], rank_pattern=again))["a.fc"].r["default"]
    expect((before, after) == (2, 3), f"rank {before} before, {after} after")
    return "rank 2 before it was saved, 3 after"


def resaved(pattern: str, times: int) -> list[str]:
    """What target_modules is after each time a tied adapter is saved and loaded."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        model = adapted(Tied(), pattern, **TIED)
        for i in range(times):
            model.save_pretrained(f"{folder}/{i}")
            found.append(json.loads(pathlib.Path(folder, str(i), CONFIG).read_text())["target_modules"])
            if i + 1 < times:
                model = PeftModel.from_pretrained(Tied(), f"{folder}/{i}", is_trainable=True)
    return found


@claim("expression-grows")
def expression_grows() -> str:
    """An expression is wrapped anew each time a tied adapter is saved, and one that begins with flags breaks."""
    with recorded():
        found = resaved(".*lm_head", 3)
        error = fails(re.error)(lambda: resaved("(?i).*lm_head", 2))
    lengths = [len(text) for text in found]
    expect(lengths[0] < lengths[1] < lengths[2], f"lengths {lengths}")
    return f"{lengths} characters; with (?i) {error}"


def changed(change):
    """Saves an adapter of two layers, changes its tensors, and loads it; gives the model and the warnings."""
    with tempfile.TemporaryDirectory() as folder, recorded() as warned:
        model = adapted(Net(fc=linear(), k=linear()), ["fc", "k"])
        scramble(model)
        model.save_pretrained(folder)
        tensors = load_file(f"{folder}/{WEIGHTS}")
        change(tensors)
        save_file(tensors, f"{folder}/{WEIGHTS}")
        loaded = PeftModel.from_pretrained(Net(fc=linear(), k=linear()), folder)
    return loaded, warned


KEY = "base_model.model.fc.lora_A.weight"


@claim("tensors-left-over")
def tensors_left_over() -> str:
    """Tensors that are left over are dropped without a word, and missing ones are a warning."""
    _, warned = changed(lambda tensors: tensors.update({"base_model.model.other.lora_A.weight": torch.ones(4, 4)}))
    expect(not warned, f"warns of what is left over: {warned}")
    _, warned = changed(lambda tensors: tensors.pop(KEY))
    expect(any("missing" in text for text in warned), f"does not warn of what is missing: {warned}")
    return "silent, and a warning"


@claim("tied-copies-last")
def tied_copies_last() -> str:
    """Of two copies of a tied pair the last that is read wins."""
    with tempfile.TemporaryDirectory() as folder, recorded() as warned:
        model = adapted(Tied(), ["embed_tokens", "lm_head"], **TIED)
        scramble(model)
        model.save_pretrained(folder)
        tensors = load_file(f"{folder}/{WEIGHTS}")
        head = [key for key in tensors if "lm_head.lora_" in key]
        expect(len(head) == 2, f"the file has {sorted(tensors)}")
        for key in head:
            tensors[key] = tensors[key] + 1
        save_file(tensors, f"{folder}/{WEIGHTS}")
        loaded = PeftModel.from_pretrained(Tied(), folder)
    embedding = loaded.base_model.model.model.embed_tokens.lora_embedding_B["default"]
    expect(gap(embedding.T, tensors["base_model.model.lm_head.lora_A.weight"]) == 0, "the embedding keeps its own")
    # Of another missing key, none: PEFT does not say that there were two.
    expect(not any("missing" in text for text in warned), f"warns {warned}")
    return "the embedding has the numbers of the head's copy"


@claim("base-in-file")
def base_in_file() -> str:
    """Whether weights of the base are in the file depends on how the targets are spelled."""
    counts = {}
    for targets in (["embed_tokens"], ["model.embed_tokens"]):
        with tempfile.TemporaryDirectory() as folder, recorded():
            adapted(llama(), targets).save_pretrained(folder)
            counts[targets[0]] = sum("base_layer" in key or not re.search("lora_", key) for key in load_file(f"{folder}/{WEIGHTS}"))
    expect(counts["embed_tokens"] > 0 and counts["model.embed_tokens"] == 0, f"{counts}")
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


@claim("unknown-field")
def unknown_field() -> str:
    """Fields that PEFT does not know are dropped with a warning, a mistyped lora_alhpa too."""
    with tempfile.TemporaryDirectory() as folder, recorded() as warned:
        fields = {"peft_type": "LORA", "target_modules": ["fc"], "lora_alhpa": 99}
        pathlib.Path(folder, CONFIG).write_text(json.dumps(fields))
        config = LoraConfig.from_pretrained(folder)
    expect(config.lora_alpha == LoraConfig().lora_alpha, f"alpha {config.lora_alpha}")
    expect(any("lora_alhpa" in text for text in warned), f"warns {warned}")
    return f"warned, and alpha is the default, {config.lora_alpha}"


@claim("save-in-place")
def save_in_place() -> str:
    """A save writes over the files one by one, so that one that is cut short leaves a mixture."""
    with tempfile.TemporaryDirectory() as folder, recorded():
        model = adapted(Net(fc=linear()), ["fc"], lora_alpha=8)
        model.save_pretrained(folder)
        before = load_file(f"{folder}/{WEIGHTS}")
        scramble(model)
        model.peft_config["default"].lora_alpha = 16

        class Cut(Exception):
            pass

        def cut(*_, **__):
            raise Cut

        original = peft.PeftConfig.save_pretrained
        peft.PeftConfig.save_pretrained = cut
        try:
            fails(Cut)(lambda: model.save_pretrained(folder))
        finally:
            peft.PeftConfig.save_pretrained = original
        after = load_file(f"{folder}/{WEIGHTS}")
        alpha = json.loads(pathlib.Path(folder, CONFIG).read_text())["lora_alpha"]
    expect(gap(before[KEY], after[KEY]) > 0 and alpha == 8, "the old files are still there")
    return "cut short after the first file: new tensors beside the old configuration"

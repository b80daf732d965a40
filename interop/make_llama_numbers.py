"""Writes the numbers of Transformers that the tests of the Llama blocks compare with.

    python interop/make_llama_numbers.py models/src/test/resources

Beside the reference cases of make_cases.py, which have logits only, this writes into OUT/llama

  <model>.safetensors    of a base in OUT/cases, or of biased/:
      input_ids (B,T), logits (B,T,V), loss (), gradient.<parameter> of the mean next-token cross entropy
      padded_ids, padded_mask (B,T), padded_logits (B,T,V): rows of unequal length, padded on the left
      far_positions (B,T), far_logits (B,T,V): input_ids at positions in the thousands
      pretrain_batches (steps,B,T), pretrain_losses (steps): AdamW on all parameters
      prompt_ids, prompt_mask (B,T), stop_id (), generated (B,T+N): greedy, one row stops early
      frequencies.<theta>.<D> (D/2): inverse rotary frequencies
  biased/                a checkpoint with everything that is off in the cases: an untied head, biases in attention
                         and MLP, a head size of its own, one key head, another rope_theta
  biased/older.json      its config.json as Transformers 4 writes it; the numbers are checked to be the same
"""

import argparse
import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaRotaryEmbedding

CASES = ("llama-tied-both", "qwen2-tied-embed")
BIASED = {
    "vocab_size": 53,
    "hidden_size": 18,
    "intermediate_size": 28,
    "num_hidden_layers": 2,
    "num_attention_heads": 3,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "attention_bias": True,
    "mlp_bias": True,
    "tie_word_embeddings": False,
    "rms_norm_eps": 1e-5,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500000.0},
    "max_position_embeddings": 64,
    "bos_token_id": None,
    "eos_token_id": [2, 5],
    "pad_token_id": None,
}
FREQUENCIES = ((10000.0, 128), (500000.0, 64), (1000000.0, 32))
PAD = 0
NEW_TOKENS = 10
PRETRAIN = {"lr": 3e-3, "weight_decay": 0.1}
PRETRAIN_STEPS = 5


def write_biased(out: pathlib.Path) -> None:
    torch.manual_seed(7)
    model = LlamaForCausalLM(LlamaConfig(**BIASED))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(torch.randn_like(parameter) * 0.1)
            else:
                parameter.normal_(0, 0.25)
    shutil.rmtree(out, ignore_errors=True)
    model.save_pretrained(out)
    (out / "generation_config.json").unlink(missing_ok=True)
    config = json.loads((out / "config.json").read_text())
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["rope_scaling"] = None
    config["torch_dtype"] = config.pop("dtype")
    config["transformers_version"] = "4.49.0"
    (out / "older.json").write_text(json.dumps(config, indent=2) + "\n")


def load(directory: pathlib.Path) -> torch.nn.Module:
    return AutoModelForCausalLM.from_pretrained(directory, attn_implementation="eager", dtype=torch.float32).eval()


def positions(mask: torch.Tensor) -> torch.Tensor:
    return (mask.cumsum(-1) - 1).clamp(min=0)


def next_token_loss(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    return cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def gradients(model: torch.nn.Module, ids: torch.Tensor) -> dict:
    logits = model(input_ids=ids).logits
    loss = next_token_loss(logits, ids)
    loss.backward()
    found = {f"gradient.{name}": p.grad.clone() for name, p in model.named_parameters()}
    return {"input_ids": ids, "logits": logits.detach(), "loss": loss.detach(), **found}


def pretrain(model: torch.nn.Module) -> dict:
    """Trains the model, so it comes last."""
    optimizer = torch.optim.AdamW(model.parameters(), **PRETRAIN)
    batches = torch.randint(3, model.config.vocab_size, (PRETRAIN_STEPS, 2, 8))
    losses = []
    for ids in batches:
        optimizer.zero_grad()
        loss = next_token_loss(model(input_ids=ids).logits, ids)
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return {"pretrain_batches": batches, "pretrain_losses": torch.stack(losses)}


def left_padded(lengths: tuple, vocab: int) -> tuple:
    longest = max(lengths)
    ids = torch.full((len(lengths), longest), PAD)
    mask = torch.zeros_like(ids)
    for row, length in enumerate(lengths):
        ids[row, longest - length :] = torch.randint(3, vocab, (length,))
        mask[row, longest - length :] = 1
    return ids, mask


def generate(model: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, stop: int | None) -> torch.Tensor:
    out = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=False,
        max_new_tokens=NEW_TOKENS,
        eos_token_id=stop,
        pad_token_id=PAD,
        output_logits=True,
        return_dict_in_generate=True,
    )
    best = torch.stack(out.logits).topk(2, -1).values
    assert (best[..., 0] - best[..., 1]).min() > 1e-3, "two tokens are nearly as likely: take another seed"
    return out.sequences


def numbers(model: torch.nn.Module, seed: int) -> dict:
    torch.manual_seed(seed)
    vocab = model.config.vocab_size
    found = gradients(model, torch.randint(3, vocab, (2, 9)))
    with torch.no_grad():
        ids, mask = left_padded((6, 3, 1), vocab)
        found |= {"padded_ids": ids, "padded_mask": mask}
        found["padded_logits"] = model(input_ids=ids, attention_mask=mask, position_ids=positions(mask)).logits
        far = torch.arange(9)[None] + torch.tensor([[1000], [7000]])
        found |= {"far_positions": far, "far_logits": model(input_ids=found["input_ids"], position_ids=far).logits}
        ids, mask = left_padded((4, 7, 2), vocab)
        never_stopped = generate(model, ids, mask, None)
        stop = int(never_stopped[0, ids.shape[1] + 3])
        found |= {"prompt_ids": ids, "prompt_mask": mask, "stop_id": torch.tensor(stop)}
        found["generated"] = generate(model, ids, mask, stop)
    return found | pretrain(model)


def frequencies() -> dict:
    found = {}
    for theta, dim in FREQUENCIES:
        config = LlamaConfig(head_dim=dim, rope_parameters={"rope_type": "default", "rope_theta": theta})
        found[f"frequencies.{int(theta)}.{dim}"] = LlamaRotaryEmbedding(config).inv_freq
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("resources", type=pathlib.Path)
    resources = parser.parse_args().resources
    out = resources / "llama"
    out.mkdir(exist_ok=True)
    write_biased(out / "biased")
    for seed, name in enumerate((*CASES, "biased"), start=11):
        directory = out / name if name == "biased" else resources / "cases" / name / "base"
        found = numbers(load(directory), seed)
        if name == "biased":
            check_older(directory, found)
            found |= frequencies()
        save_file({key: value.contiguous() for key, value in found.items()}, out / f"{name}.safetensors")
        print(name, "loss", round(float(found["loss"]), 4), "generated", found["generated"][:, -NEW_TOKENS:].tolist())


def check_older(directory: pathlib.Path, found: dict) -> None:
    config = LlamaConfig(**json.loads((directory / "older.json").read_text()))
    model = LlamaForCausalLM.from_pretrained(directory, config=config, attn_implementation="eager").eval()
    with torch.no_grad():
        assert torch.equal(model(input_ids=found["input_ids"]).logits, found["logits"]), "older.json says otherwise"


if __name__ == "__main__":
    main()

"""Tied weights of T5, BERT and GPT-2: which readers get a pair, and what their files compute."""

import copy
import tempfile

import torch
from claims.files import WEIGHTS
from claims.registry import claim, expect, recorded
from claims.toys import TIED, gap, scramble
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import BertConfig, BertForMaskedLM, GPT2Config, GPT2LMHeadModel, T5Config, T5ForConditionalGeneration

IDS = torch.tensor([[3, 5, 11, 2]])
PREFIX = "base_model.model."


def t5():
    return T5ForConditionalGeneration(
        T5Config(vocab_size=17, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, decoder_start_token_id=0)
    ).eval()


def bert():
    return BertForMaskedLM(
        BertConfig(vocab_size=17, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2)
    ).eval()


def gpt2():
    return GPT2LMHeadModel(
        GPT2Config(vocab_size=17, n_embd=8, n_layer=1, n_head=2, n_positions=16, bos_token_id=0, eos_token_id=0)
    ).eval()


def logits(model):
    inner = model.get_base_model() if isinstance(model, PeftModel) else model
    given = {"decoder_input_ids": IDS} if inner.config.is_encoder_decoder else {}
    return model(input_ids=IDS, **given).logits


def pair(tensors: dict, reader: str):
    """B and A of a reader, of shapes (V, r) and (r, d)."""
    key = f"{PREFIX}{reader}.lora_"
    if f"{key}embedding_A" in tensors:
        return tensors[f"{key}embedding_A"].T, tensors[f"{key}embedding_B"].T
    return tensors[f"{key}B.weight"], tensors[f"{key}A.weight"]


def same(tensors: dict, one: str, other: str) -> bool:
    return all(torch.equal(a, b) for a, b in zip(pair(tensors, one), pair(tensors, other)))


def tried(base, targets: list, **settings):
    """Returns the base, the adapted model, the tensors that it saves, and the model that loads them."""
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder, recorded():
        model = get_peft_model(
            copy.deepcopy(base), LoraConfig(r=2, lora_alpha=4, target_modules=targets, **(settings or TIED))
        ).eval()
        scramble(model)
        model.save_pretrained(folder, save_embedding_layers=False)
        again = PeftModel.from_pretrained(copy.deepcopy(base), folder).eval()
        return model, load_file(f"{folder}/{WEIGHTS}"), again


def readers(tensors: dict) -> set:
    return {key.removeprefix(PREFIX).split(".lora_")[0] for key in tensors}


@claim("tie-shared")
def shared_alone() -> str:
    """In T5 a pair of `shared` is reached by no forward pass and gets no gradient, with the flag or without."""
    for settings in (TIED, {"ensure_weight_tying": False}):
        base = t5()
        model, tensors, again = tried(base, ["shared"], **settings)
        expect(readers(tensors) == {"shared"}, f"pairs of {readers(tensors)}")
        expect(gap(logits(model), logits(base)) < 1e-5, "it has an effect")
        expect(gap(logits(again), logits(base)) < 1e-5, "it has an effect when it is loaded")
        expect(not logits(model).requires_grad, "it gets a gradient")
    return "no effect, no gradient"


@claim("tie-stacks")
def stacks() -> str:
    """In T5 the other targets give three pairs, of which all four copies are saved, and none has an effect when loaded."""
    head, encoder, decoder = "lm_head", "encoder.embed_tokens", "decoder.embed_tokens"
    for targets in ([head], ["embed_tokens"], [encoder], ["shared", head]):
        base = t5()
        model, tensors, again = tried(base, targets)
        expect(readers(tensors) == {"shared", head, encoder, decoder}, f"pairs of {readers(tensors)}")
        expect(same(tensors, "shared", head), "shared and lm_head have a pair each")
        expect(not same(tensors, head, encoder), "encoder and head have one pair")
        expect(not same(tensors, head, decoder), "decoder and head have one pair")
        expect(not same(tensors, encoder, decoder), "encoder and decoder have one pair")
        expect(gap(logits(model), logits(base)) > 1e-3, "no effect")
        expect(gap(logits(again), logits(base)) < 1e-5, "the file has an effect")
    return "three pairs, four copies; the base when loaded"


@claim("tie-bert")
def of_bert() -> str:
    """In BERT each targeted reader has a pair of its own, with the flag or without."""
    both = ["bert.embeddings.word_embeddings", "cls.predictions.decoder"]
    for settings in (TIED, {"ensure_weight_tying": False}):
        for targets in (both[:1], both[1:], both):
            model, tensors, again = tried(bert(), targets, **settings)
            expect(readers(tensors) == set(targets), f"{targets}: pairs of {readers(tensors)}")
            expect(gap(logits(model), logits(again)) < 1e-5, "the file computes something else")
        expect(not same(tensors, *both), "one pair for both")
    return "a pair for each that is targeted"


@claim("tie-gpt2")
def of_gpt2() -> str:
    """In GPT-2 the flag ties where the head is targeted, but the saved configuration then has the embedding alone."""
    embedding, head = "transformer.wte", "lm_head"
    model, tensors, again = tried(gpt2(), [embedding])
    expect(readers(tensors) == {embedding}, f"pairs of {readers(tensors)}")
    expect(gap(logits(model), logits(again)) < 1e-5, "the file of wte computes something else")
    for targets in ([head], ["wte", head]):
        model, tensors, again = tried(gpt2(), targets)
        expect(readers(tensors) == {embedding, head} and same(tensors, embedding, head), "not one pair for both")
        expect({n.split(".lora_")[0] for n, _ in again.named_parameters() if "lora_" in n} == {PREFIX + embedding}, "both")
        expect(gap(logits(model), logits(again)) > 1e-3, "the file computes the same")
    return "one pair if lm_head is targeted, and wte alone when loaded"

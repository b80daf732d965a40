"""Small models that claims are tried on."""

import warnings

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

VOCABULARY, SIZE = 17, 12
IDS = torch.tensor([[3, 5, 11, 2]])
TIED = {"ensure_weight_tying": True}


class Net(nn.Module):
    """Layers under the given names, and nothing else; `forward` goes through them in order."""

    def __init__(self, **layers: nn.Module):
        super().__init__()
        for name, layer in layers.items():
            node = self
            *path, last = name.split("__")
            for part in path:
                if not hasattr(node, part):
                    node.add_module(part, nn.Module())
                node = getattr(node, part)
            node.add_module(last, layer)
        self.order = [name.split("__") for name in layers]

    def forward(self, x):
        for path in self.order:
            layer = self
            for part in path:
                layer = getattr(layer, part)
            x = layer(x)
        return x


def linear(inputs: int = 4, outputs: int = 4, bias: bool = False) -> nn.Linear:
    return nn.Linear(inputs, outputs, bias=bias)


class Tied(nn.Module):
    """An embedding and a head over one weight, declared in the way of Transformers 4."""

    _tied_weights_keys = ["lm_head.weight"]

    def __init__(self, bias: bool = False, tied: bool = True):
        super().__init__()
        self.config = type("Config", (dict,), {"tie_word_embeddings": tied})(tie_word_embeddings=tied)
        self.model = nn.Module()
        self.model.embed_tokens = nn.Embedding(VOCABULARY, SIZE)
        self.model.fc = linear(SIZE, SIZE)
        self.lm_head = linear(SIZE, VOCABULARY, bias)
        if tied:
            self.lm_head.weight = self.model.embed_tokens.weight

    def get_input_embeddings(self):
        return self.model.embed_tokens

    def get_output_embeddings(self):
        return self.lm_head

    def forward(self, input_ids):
        return self.lm_head(self.model.fc(self.model.embed_tokens(input_ids)))


def llama(tied: bool = True, dtype: torch.dtype = torch.float32) -> LlamaForCausalLM:
    """A Llama of Transformers, always with the same weights."""
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=SIZE, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, tie_word_embeddings=tied,
    )  # fmt: skip
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return model.to(dtype)


def adapted(model: nn.Module, targets, adapter: str = "default", **settings):
    """Returns what get_peft_model makes, with r 4 and alpha 8 where nothing else is said, and no warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": targets, **settings})
        return get_peft_model(model, config, adapter_name=adapter)


def add(model, name: str, targets, **settings) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.add_adapter(name, LoraConfig(**{"r": 4, "lora_alpha": 8, "target_modules": targets, **settings}))


def lora_layers(model: nn.Module) -> dict:
    """The layers that PEFT has wrapped, by the names they had in the base."""
    prefix = "base_model.model."
    return {name.removeprefix(prefix): m for name, m in model.named_modules() if isinstance(m, LoraLayer)}


@torch.no_grad()
def scramble(model: nn.Module, seed: int = 7) -> None:
    """Moves every factor, so that none is zero. What shares storage is moved once for each parameter over it."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.add_(torch.randn(parameter.shape, generator=generator).to(parameter.dtype) * 0.3)


def logits(model, ids: torch.Tensor = IDS) -> torch.Tensor:
    with torch.no_grad():
        found = model(input_ids=ids)
    return getattr(found, "logits", found).detach().clone()


def gap(a: torch.Tensor, b: torch.Tensor) -> float:
    return (a.double() - b.double()).abs().max().item()


def both(model, adapter: str = "default"):
    """The layers of embedding and head that PEFT has wrapped."""
    inner = model.base_model.model
    return inner.model.embed_tokens, inner.lm_head


def shared(model, adapter: str = "default") -> bool:
    """Whether the factors of embedding and head are one storage."""
    embedding, head = both(model)
    a, b = embedding.lora_embedding_A[adapter], embedding.lora_embedding_B[adapter]
    return a.data_ptr() == head.lora_B[adapter].weight.data_ptr() and b.data_ptr() == head.lora_A[adapter].weight.data_ptr()


def tied_llama(dtype: torch.dtype = torch.float32, **settings):
    """A tied Llama whose embedding and head are adapted as one."""
    return adapted(llama(dtype=dtype), ["embed_tokens", "lm_head"], **{**TIED, **settings})


def train(model, steps: int = 20, rate: float = 0.05) -> float:
    """Trains on IDS; returns the loss at the end."""
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=rate)
    for _ in range(steps):
        optimizer.zero_grad()
        model(input_ids=IDS, labels=IDS).loss.backward()
        optimizer.step()
    return loss(model)


def loss(model) -> float:
    with torch.no_grad():
        return model(input_ids=IDS, labels=IDS).loss.item()

"""Tied weights: training."""

import torch
from claims.registry import claim, expect
from claims.toys import IDS, SIZE, VOCABULARY, both, shared, tied_llama


@claim("D18")
def stepped_twice() -> str:
    """The optimizer steps the storage twice: 0.02 at a rate of 0.01."""
    model = tied_llama()
    embedding, head = both(model)
    factor = embedding.lora_embedding_A["default"]
    with torch.no_grad():
        head.lora_A["default"].weight.normal_()
        head.lora_B["default"].weight.normal_()
    before = factor.detach().clone()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
    model(input_ids=IDS, labels=IDS).loss.backward()
    optimizer.step()
    step = (factor - before).abs().max().item()
    expect(abs(step - 0.02) < 1e-3, f"a step of {step}")
    return f"a step of {step:.3f}"


@claim("D19")
def two_parameters() -> str:
    """Two parameters share one storage; what fused optimizers make of that on a GPU is not measured."""
    model = tied_llama()
    embedding, head = both(model)
    expect(shared(model) and embedding.lora_embedding_A["default"] is not head.lora_B["default"].weight, "one parameter")
    return "two parameters over one storage"


@claim("D20")
def counted_twice() -> str:
    """464 trainable parameters are counted for 232."""
    count, _ = tied_llama(r=8).get_nb_trainable_parameters()
    expect(count == 464 and 8 * (VOCABULARY + SIZE) == 232, f"{count}")
    return f"{count} counted"

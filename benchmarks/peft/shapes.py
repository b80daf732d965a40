"""How large everything is that is measured: as the targets say, or small, to see in a minute that all works."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bert:
    layers: int = 12
    d: int = 768
    heads: int = 12
    intermediate: int = 3072
    vocabulary: int = 30522
    positions: int = 512
    targets: dict = field(
        default_factory=lambda: {"qv": ["query", "value"], "all": ["query", "key", "value", "dense"]}
    )

    def factor_bytes(self, rank: int) -> int:
        """The bytes of the factors of one adapter of the query and value projections, fp32."""
        return self.layers * 2 * rank * 2 * self.d * 4

    def factor_arrays(self) -> int:
        return self.layers * 2 * 2


@dataclass(frozen=True)
class Llama:
    layers: int = 8
    d: int = 320
    heads: int = 10
    key_value_heads: int = 2
    intermediate: int = 800
    vocabulary: int = 6144
    positions: int = 4096
    targets: dict = field(
        default_factory=lambda: {
            "qv": ["q_proj", "v_proj"],
            "qve": ["q_proj", "v_proj", "embed_tokens"],
            "all": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "embed_tokens"],
        }
    )


@dataclass(frozen=True)
class Shapes:
    bert: Bert = Bert()
    llama: Llama = Llama()
    smol: Llama = Llama(30, 576, 9, 3, 1536, 49152)  # SmolLM2-135M's
    minilm: Bert = Bert(6, 384, 12, 1536)  # all-MiniLM-L6-v2's
    rank: int = 8
    large: tuple = (8, 64)  # B, T of a forward pass
    small: tuple = (1, 16)
    batch: tuple = (32, 16)  # B, T of a mixed batch
    mixed: tuple = (1, 4, 8, 32)  # different adapters in it
    text: tuple = (8, 128)  # B, T for Llama
    smol_text: tuple = (2, 256)  # B, T for the Llama of SmolLM2's shape
    sentences: tuple = (64, 32)  # B, T for MiniLM
    lines: int = 64  # of data that is trained on
    generated: tuple = (16, 64)  # tokens of the prompt, and after it
    places: tuple = (100, 2000)  # of tokens whose times are compared
    around: int = 16  # how many tokens are measured there
    prompt: int = 512  # tokens of a prompt that is read at once
    peft_resident: int = 100
    resident: int = 1000
    rounds: int = 11

    def lora(self, targets: list, **more) -> dict:
        return {"r": self.rank, "lora_alpha": 2 * self.rank, "target_modules": targets, **more}


FULL = Shapes()
SMOKE = Shapes(
    bert=Bert(layers=2, d=64, heads=4, intermediate=128, vocabulary=200, positions=64),
    llama=Llama(layers=2, d=64, heads=4, key_value_heads=2, intermediate=96, vocabulary=128, positions=64),
    smol=Llama(layers=3, d=48, heads=3, key_value_heads=1, intermediate=80, vocabulary=160, positions=64),
    minilm=Bert(layers=2, d=48, heads=4, intermediate=96, vocabulary=150, positions=64),
    large=(4, 16),
    small=(1, 8),
    batch=(8, 4),
    mixed=(1, 2, 8),
    text=(4, 16),
    smol_text=(2, 16),
    sentences=(8, 8),
    lines=8,
    generated=(4, 8),
    places=(10, 40),
    around=4,
    prompt=24,
    peft_resident=5,
    resident=20,
    rounds=3,
)


@dataclass(frozen=True)
class Serving:
    """What is asked of servers; adapters are on all linear layers."""

    llama: Llama = Llama()
    rank: int = 8
    clients: tuple = (1, 8, 32)
    adapters: tuple = (1, 32)
    requests: tuple = (8, 2)  # of all clients together in a round; the least of one
    prompt: tuple = (16, 48)  # least and most tokens
    tokens: int = 32  # of an answer
    checked: int = 2  # prompts of each adapter whose answers must be the same
    warm_up: int = 2
    rounds: int = 7

    def lora(self) -> dict:
        targets = [name for name in self.llama.targets["all"] if name != "embed_tokens"]
        return {"r": self.rank, "lora_alpha": 2 * self.rank, "target_modules": targets}


SERVED = {
    "llama": Serving(),
    "smol": Serving(llama=FULL.smol, requests=(4, 1), warm_up=1, rounds=5),
}
SERVED_SMOKE = Serving(
    llama=Llama(layers=2, d=64, heads=4, key_value_heads=2, intermediate=96, vocabulary=512, positions=128),
    clients=(1, 4),
    adapters=(1, 4),
    requests=(4, 1),
    prompt=(4, 12),
    tokens=8,
    checked=2,
    warm_up=1,
    rounds=2,
)

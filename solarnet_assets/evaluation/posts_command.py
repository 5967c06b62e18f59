"""``solarnet evaluate posts``: prints what the classifier and simpler ones do on labelled posts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from solarnet_assets.evaluation.posts import PostsReport, evaluate
from solarnet_assets.evaluation.posts_labels import invented, read_labels
from solarnet_assets.evaluation.posts_scores import label_score
from solarnet_assets.social.model import LABELS

INVENTED = (
    "Posts invented for this project by those who wrote the lists of names, though apart from them: a third of the"
    " unrelated ones use a sector's words in another sense. The figures say little of real posts."
)


def print_posts(
    labels: Path | None, languages: Sequence[str], weights: Path | None, use_encoder: bool, console: Console
) -> None:
    """Print the tables.

    Raises:
        BadInputError: a file cannot be read, or no line of it can be used.
    """
    posts = read_labels(labels, languages) if labels else invented(languages)
    report = evaluate(posts, weights, use_encoder)
    console.print(f"{len(posts.texts)} posts of {labels.name if labels else 'the shipped evaluation set'}")
    if labels is None:
        console.print(INVENTED)
    for reason, count in sorted(posts.refused.items()):
        console.print(f"refused: {count} x {reason}", markup=False)
    if report.classified.note:
        console.print(report.classified.note, markup=False)
    console.print(_overall(report))
    for lang in report.languages():
        console.print(_by_label(report, lang))
    counts = ", ".join(f"{count} {name}" for name, count in report.classified.counts.items())
    console.print(f"texts: {counts}")


def _table(title: str, first: Sequence[str], others: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in first:
        table.add_column(head)
    for head in others:
        table.add_column(head, justify="right")
    return table


def _overall(report: PostsReport) -> Table:
    """Return a row per language and contender; Brier score and calibration error of this classifier."""
    heads = ("posts", "micro F1", "macro F1", "unrelated", "kept out", "Brier", "ECE")
    table = _table("seven sectors, with 90 % intervals", ("", "by"), heads)
    for lang, one, found in report.scores():
        quality = report.calibration.get(lang, {}) if one is report.contenders[0] else {}
        cells = [f"{quality[key]:.4f}" if key in quality else "" for key in ("brier", "ece")]
        table.add_row(
            lang, one.name, str(found.posts), str(found.micro), str(found.macro), str(found.unrelated),
            str(found.kept_out), *cells,
        )  # fmt: skip
    return table


def _by_label(report: PostsReport, lang: str) -> Table:
    """Return a row per label that the posts speak about, of this classifier."""
    table = _table(f"{report.contenders[0].name}, {lang}", ("label",), ("posts", "precision", "recall", "F1"))
    part, said = report.posts.part(lang), report.contenders[0].said
    for label in report.posts.scored:
        j = LABELS.index(label)
        one = label_score(report.posts.truth[part, j], said[part, j])
        table.add_row(label, str(one.posts), str(one.precision), str(one.recall), str(one.f1))
    return table

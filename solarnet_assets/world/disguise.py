"""How spammers vary one text so that no two copies are equal: synonyms, padding, look-alike letters, new links."""

from __future__ import annotations

from collections.abc import Iterator

from solarnet_assets.world.words import CODE, Options, Template

LOOK_ALIKE = str.maketrans("aeopcxyiAEOPCTHM", "аеорсхуіАЕОРСТНМ")
"""Cyrillic letters that look like Latin ones (Unicode Technical Standard 39, confusables)."""

EUPHEMISMS = (
    ("微信", "薇信"),
    ("微博", "围脖"),
    ("优惠", "优·惠"),
    ("加", "➕"),
    ("元", "园"),
    ("赚", "zhuan"),
    ("链接", "链.接"),
)
PADDING = ("🔥", "✨", "💰", "👇", "❗", "🎁", "💯", "⭐", "🚀", "❤️")
TAILS = ("!!!", " ...", "～", " #{}", " [{}]", " {}", "。", " ~{}~")


def respun(template: str | Template, fixed: list[int], fresh: Iterator[int], share: float) -> str:
    """Return a template filled with the same draws each time, but for a share of holes that are filled anew."""
    return template if isinstance(template, str) else template.fill(_mixed(fixed, fresh, share))


def _mixed(fixed: list[int], fresh: Iterator[int], share: float) -> Iterator[int]:
    while True:
        for draw in fixed:
            yield next(fresh) if next(fresh) % 1000 < 1000 * share else draw


def disguised(text: str, skill: int, draws: Iterator[int]) -> str:
    """Return a text as an evader would post it.

    Args:
        text: what is to be said.
        skill: 0 as it is; 1 emoji about it; 2 a random tail; 3 look-alike letters or euphemisms; 4 all of these.
        draws: source of randomness.
    """
    if skill >= 3:
        text = _look_alike(text, draws)
    if skill in (1, 4):
        text = f"{_padding(draws)}{text}{_padding(draws)}"
    if skill in (2, 4):
        code = "".join(CODE[next(draws) % len(CODE)] for _ in range(3 + next(draws) % 4))
        text += TAILS[next(draws) % len(TAILS)].replace("{}", code)
    return text


def _padding(draws: Iterator[int]) -> str:
    return "".join(PADDING[next(draws) % len(PADDING)] for _ in range(next(draws) % 4))


def _look_alike(text: str, draws: Iterator[int]) -> str:
    """Return a text with about a fifth of the letters that have a double exchanged, links apart; Chinese euphemisms."""
    out = []
    for word in text.split(" "):
        plain = word.startswith("http")
        out.append(word if plain else "".join(c.translate(LOOK_ALIKE) if next(draws) % 5 == 0 else c for c in word))
    text = " ".join(out)
    for usual, other in EUPHEMISMS:
        if next(draws) % 2:
            text = text.replace(usual, other)
    return text


def one_of(options: Options, draws: Iterator[int]) -> str | Template:
    """Return one template, unfilled."""
    return options[next(draws) % len(options)]

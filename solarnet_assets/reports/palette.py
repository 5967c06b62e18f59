"""Colours of the page in its two themes, as CSS variables: text, signals, and the steps of the map.

Signal colours follow Wong's palette for colour-blind readers (doi:10.1038/nmeth.1618), darkened on white and lightened
on black until they meet WCAG 2.2 AA: 4.5 to 1 for text and for everything that is read as text, 3 to 1 for marks.
"""

from __future__ import annotations

TEXT = ("ink", "muted", "link", "good", "bad")
"""Colours of letters."""

SIGNALS = ("composite", "steel", "parking", "commuting", "sector", "solar")
"""Colours of lines, bars and dots."""

STEPS = ("step0", "step1", "step2", "step3", "step4")
"""Colours of the map, from far below normal to normal; the number stands beside every point."""

LIGHT = {
    "paper": "#f5f6f7", "card": "#ffffff", "ink": "#15191e", "muted": "#565e68", "rule": "#d9dde2", "soft": "#eef0f2",
    "link": "#0b5394", "good": "#1b6e3f", "bad": "#a6321c", "composite": "#15191e", "steel": "#b84a00",
    "parking": "#8a3f78", "commuting": "#0067a5", "sector": "#00735a", "solar": "#866300",
    "step0": "#7a2600", "step1": "#c2601c", "step2": "#9a8a66", "step3": "#3f86b8", "step4": "#0a4f86",
}  # fmt: skip

DARK = {
    "paper": "#0e1114", "card": "#161a1f", "ink": "#e9ecef", "muted": "#a2abb5", "rule": "#2f363e", "soft": "#1e242a",
    "link": "#8cc4f5", "good": "#76d19c", "bad": "#f59a86", "composite": "#e9ecef", "steel": "#f0955a",
    "parking": "#d99ac8", "commuting": "#6fb6ea", "sector": "#58c9a8", "solar": "#dcb64a",
    "step0": "#ff9f6b", "step1": "#d9814a", "step2": "#b3a684", "step3": "#6aa9d6", "step4": "#9fd2ff",
}  # fmt: skip


def variables() -> str:
    """Return the style sheet's variables: light, dark by the reader's system or choice, and always light on paper."""
    dark = _block(DARK)
    return (
        f":root{{color-scheme:light;{_block(LIGHT)}}}\n"
        "@media screen and (prefers-color-scheme:dark)"
        f"{{:root:not([data-theme=light]){{color-scheme:dark;{dark}}}}}\n"
        f"@media screen{{:root[data-theme=dark]{{color-scheme:dark;{dark}}}}}\n"
    )


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1..21 (WCAG 2.2, relative luminance)."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _block(colours: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colours.items())


def _luminance(colour: str) -> float:
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

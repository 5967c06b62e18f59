"""Text in both languages of the report: it renders itself in English and carries the Chinese beside it.

The page is written once, in English. Whatever differs in Chinese carries the other text in an attribute, and the
page's script exchanges the two, so that the switch needs neither a network nor a second copy of the charts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True)
class Text:
    """One piece of text.

    Attributes:
        en: in English.
        zh: in simplified Chinese.
    """

    en: str
    zh: str

    def __str__(self) -> str:
        """Return the English text, for places that have one language only."""
        return self.en

    def __bool__(self) -> bool:
        """Return whether there is any text."""
        return bool(self.en or self.zh)

    def __add__(self, other: Text) -> Text:
        """Return two sentences as one text: with a blank between them in English, without one in Chinese."""
        return joined((part for part in (self, other) if part), " ", "")

    def __html__(self) -> str:
        """Return the text as HTML, escaped."""
        if self.en == self.zh:
            return str(escape(self.en))
        return f'<span data-t="{escape(self.zh)}">{escape(self.en)}</span>'

    def attr(self, name: str) -> Markup:
        """Return an attribute that is exchanged with the language, with a blank before it."""
        return Markup(' {0}="{1}" data-t-{0}="{2}"').format(name, self.en, self.zh)

    @property
    def other(self) -> Markup:
        """The attribute that holds the Chinese, for an element whose English content is written by hand."""
        return Markup(' data-t="{0}"').format(self.zh)


def same(text: str) -> Text:
    """Return text that is the same in both languages: names of tables, numbers, names of sites."""
    return Text(text, text)


NOTHING = same("")
DASH = same("–")


def joined(parts: Iterable[Text], en: str = ", ", zh: str = "、") -> Text:
    """Return pieces of text in a row, each language with its own separator."""
    known = list(parts)
    return Text(en.join(part.en for part in known), zh.join(part.zh for part in known))

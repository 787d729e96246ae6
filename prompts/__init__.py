"""The prompt templates: Markdown files beside this module, read as package data and checked when loaded.

A template declares its variables in its first line, `<!-- variables: a b -->`, and is cut into messages by the lines
`<!-- system -->` and `<!-- user -->`. In the text a variable stands as `{{ name }}`. Values are put in once and never looked at
again, so a value that itself reads `{{ name }}` stays as it is. Every value is made harmless (`as_data`) unless it is a `Block`:
text from the articles or from a person can end no delimiter, imitate no message of the chat format and fake no `[n]` marker.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

CANNOT_ANSWER = "The articles do not answer this question."
"""The one phrase with which a model says so; the answering templates hold it word for word."""

_DECLARATION = re.compile(r"\A<!-- variables:([ \w]*)-->\n")
_PART = re.compile(r"^<!-- (system|user) -->\n", re.MULTILINE)
_VARIABLE = re.compile(r"\{\{ *(\w+) *\}\}")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]")
_MARKER = re.compile(r"[\[【][\^ ]?(\d{1,4}(?: ?[,;–-] ?\d{1,4}){0,9}) ?[\]】]")
_CHAT = re.compile(r"\[(?=/?(?:INST|SYS|SYSTEM|AVAILABLE_TOOLS|TOOL_)\b)", re.IGNORECASE)


class PromptError(ValueError):
    """A template that contradicts its declaration, or a call that does not give its variables."""


class Block(str):
    """Text that is already delimited and harmless: `render` takes it as it is."""


def as_data(text: str) -> str:
    """`text` without what a model could take for a delimiter, a chat format's token or a citation marker; same length or shorter.

    `<` before a name or `|` becomes `‹` (`<|im_end|>`, `</passage>`), `[INST]` loses its bracket to `⟦`, `[3]` becomes `(3)`, and
    characters that do not show (zero width, direction marks, tags) go. Nothing is hidden from the reader by this.
    """
    text = _CHAT.sub("⟦", _INVISIBLE.sub("", text).replace("<", "‹"))
    return _MARKER.sub(r"(\1)", text)


def block(tag: str, text: str, **attributes: str | int) -> Block:
    """`text` as data between `<tag attribute="…">` and `</tag>`. White space is folded: no line of it can begin a role."""
    written = "".join(f' {name}="{_attribute(value)}"' for name, value in attributes.items())
    return Block(f"<{tag}{written}>\n{as_data(' '.join(text.split()))}\n</{tag}>")


def _attribute(value: str | int) -> str:
    return as_data(" ".join(str(value).split())).replace('"', "'")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A checked template. `parts` are (role, text) with role `system` or `user`."""

    name: str
    text: str
    variables: frozenset[str]
    parts: tuple[tuple[str, str], ...]

    @property
    def hash(self) -> str:
        """Twelve hex digits of the sha256 of the file's text: the version that every result names."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:12]

    def messages(self, **variables: str) -> list[tuple[str, str]]:
        """The messages for a LangChain chat model. Raises PromptError unless exactly the declared variables are given."""
        if set(variables) != self.variables:
            wanted = ", ".join(sorted(self.variables))
            raise PromptError(f"prompt {self.name} takes the variables {wanted}, not {', '.join(sorted(variables)) or 'none'}")
        values = {name: value if isinstance(value, Block) else as_data(value) for name, value in variables.items()}
        return [(role, _VARIABLE.sub(lambda match: values[match[1]], text)) for role, text in self.parts]

    def render(self, **variables: str) -> str:
        """The messages as one text, for counting tokens and for models that take a single text."""
        return "\n\n".join(text for _, text in self.messages(**variables))


@lru_cache
def load(name: str) -> Prompt:
    """The template `NAME.md` of this package. Raises PromptError when there is none or it is not well formed."""
    try:
        text = (files("prompts") / f"{name}.md").read_text(encoding="utf-8")
    except OSError:
        raise PromptError(f"there is no prompt {name}") from None
    return parse(name, text)


def parse(name: str, text: str) -> Prompt:
    """A template from its text. Raises PromptError when the variables used are not those declared, or there is no message."""
    text = text.replace("\r\n", "\n")
    declaration = _DECLARATION.match(text)
    if not declaration:
        raise PromptError(f"prompt {name} does not begin with <!-- variables: … -->")
    declared = frozenset(declaration[1].split())
    pieces = _PART.split(text[declaration.end() :])
    parts = tuple((role, body.strip()) for role, body in zip(pieces[1::2], pieces[2::2], strict=True))
    used = {match[1] for _, body in parts for match in _VARIABLE.finditer(body)}
    if pieces[0].strip() or not parts or not all(body for _, body in parts):
        raise PromptError(f"prompt {name} has text outside its <!-- system --> and <!-- user --> parts, or an empty part")
    if used != declared or any("{{" in _VARIABLE.sub("", body) for _, body in parts):
        raise PromptError(f"prompt {name} declares {sorted(declared)} but uses {sorted(used)}, or has a stray {{{{")
    return Prompt(name, text, declared, parts)

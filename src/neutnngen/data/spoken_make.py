"""A small set of spoken digits of our own, by a speech synthesiser: for tests and for computers without a network.

It is far easier than people's voices, and its figures are no measure of how well those are understood.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neutnngen.data.archive import user_folder
from neutnngen.data.spoken import DIGITS, KIND, KNOWN, holds_wav
from neutnngen.data.transfer import placed, require_free
from neutnngen.errors import ConfigError
from neutnngen.files import write_atomic
from neutnngen.tools.espeak import ESPEAK, Voice, speak
from neutnngen.tools.process import probe, require

NAME = "Synthetic"
VOICES = ("en-us+m1", "en-us+m3", "en-gb+m7", "en-gb+f2", "en-us+f4", "en-us+f1")
SPEEDS, PITCHES = (120, 220), (25, 75)
"""Least and largest speed and pitch that are drawn."""


def drawn_voices(voice: str, takes: int) -> list[Voice]:
    """``takes`` ways in which a voice speaks, the same ones every time: speed and pitch uniform within SPEEDS and PITCHES."""
    rng = np.random.default_rng([VOICES.index(voice) if voice in VOICES else len(VOICES), takes])
    speeds = rng.integers(*SPEEDS, takes, endpoint=True)
    pitches = rng.integers(*PITCHES, takes, endpoint=True)
    return [Voice(voice, int(s), int(p)) for s, p in zip(speeds, pitches, strict=True)]


def make_spoken(
    name: str = NAME,
    folder: Path | None = None,
    takes: int = 20,
    voices: tuple[str, ...] = VOICES,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Let eSpeak NG speak the ten digits; the files are called ``DIGIT_VOICE_TAKE.wav``, so takes 0 … 4 are for the test.

    name: of the set, and of its folder in ``folder`` (default: $NEUTNNGEN_DATA, else ~/.cache/neutnngen/spoken). takes: of every digit by
    every voice, more than 5. progress: recordings so far and in all. Returns the set's folder, which is there whole or not at all; a set
    that is there is left as it is. Raises MissingTool, ConfigError, and DataError where the folder holds something else.
    """
    if not name.isidentifier() or not name.isascii() or name.upper() in KNOWN:
        raise ConfigError("the name of the set is not legal", got=name, allowed=f"letters, digits and '_', not {', '.join(KNOWN)}")
    if not 5 < takes <= 1000:
        raise ConfigError("the number of takes is out of range", got=takes, allowed="6 … 1000: the first five of each are for the test")
    target = (user_folder(KIND) if folder is None else folder) / name
    if holds_wav(target):
        return target
    require(ESPEAK)
    require_free(target, "WAV files")
    total = len(DIGITS) * len(voices) * takes

    def fill(scratch: Path) -> Path:
        done = 0
        for voice in voices:
            speaker = voice.replace("+", "-").replace("_", "-")
            for take, way in enumerate(drawn_voices(voice, takes)):
                for digit, word in enumerate(DIGITS):
                    speak(word, way, scratch / f"{digit}_{speaker}_{take}.wav")
                    done += 1
                if progress is not None:
                    progress(done, total)
        made_by = {"made_by": f"eSpeak NG {probe(ESPEAK).version}", "voices": voices, "takes": takes, "speeds": SPEEDS, "pitches": PITCHES}
        write_atomic(scratch / "made.json", json.dumps(made_by, indent=2) + "\n")
        return target

    return placed(target, fill, lambda: target)

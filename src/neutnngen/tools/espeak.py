"""The speech synthesiser eSpeak NG: text to a WAV file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from neutnngen.tools.process import ToolInfo, run_tool

INSTALL = "apt-get install espeak-ng"
TIMEOUT = 60.0
ESPEAK = ToolInfo("eSpeak NG", "espeak-ng", ("--version",), r"eSpeak NG text-to-speech: (\d+(?:\.\d+)*)", INSTALL, at_least="1.49")


@dataclass(frozen=True)
class Voice:
    """How something is spoken. name: of a voice with its variant, such as ``en-us+f3``. speed: words a minute. pitch: 0 … 99."""

    name: str
    speed: int = 175
    pitch: int = 50


def speak_argv(text: str, voice: Voice, file: Path) -> list[str]:
    """Command line that writes ``text``, spoken, into ``file``. -- : what begins with a dash is text, not an option."""
    return ["espeak-ng", "-v", voice.name, "-s", str(voice.speed), "-p", str(voice.pitch), "-w", str(file), "--", text]


def speak(text: str, voice: Voice, file: Path) -> Path:
    """Write ``text``, spoken, as a WAV file. Raises MissingTool where the program is absent, ToolFailed where it fails."""
    log = file.with_suffix(".log")
    run_tool(speak_argv(text, voice, file), file.parent, log, TIMEOUT, install=INSTALL, expect=[file])
    log.unlink()
    return file

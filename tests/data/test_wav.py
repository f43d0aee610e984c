"""WAV files: every kind of sample that is read, and what is refused."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from neutnngen.data.wav import EXTENSIBLE, FLOAT, PCM, read_wav, wav_bytes
from neutnngen.errors import DataError

WAVE = np.array([0.0, 0.5, -0.5, 0.25, -1.0, 0.75])


def packed(body: bytes, bits: int, kind: int = PCM, channels: int = 1, rate: int = 8000, more: bytes = b"", before: bytes = b"") -> bytes:
    """A WAV file, by the standard, apart from our own writer."""
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate, rate * block, block, bits) + more
    parts = b"WAVE" + before + b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def bodies() -> dict[str, bytes]:
    """WAVE in every kind, by name."""
    wide = np.round(WAVE * 2**31).clip(-(2**31), 2**31 - 1).astype("<i4")
    three = wide.view(np.uint8).reshape(-1, 4)[:, 1:].tobytes()
    return {
        "u8": packed((WAVE * 128 + 128).astype(np.uint8).tobytes(), 8),
        "i16": packed((WAVE * 32768).astype("<i2").tobytes(), 16),
        "i24": packed(three, 24),
        "i32": packed(wide.tobytes(), 32),
        "f32": packed(WAVE.astype("<f4").tobytes(), 32, FLOAT),
        "f64": packed(WAVE.astype("<f8").tobytes(), 64, FLOAT),
        "extensible": packed((WAVE * 32768).astype("<i2").tobytes(), 16, EXTENSIBLE, more=struct.pack("<HHIH14x", 22, 16, 4, PCM)),
        "after a chunk of odd length": packed((WAVE * 32768).astype("<i2").tobytes(), 16, before=b"LIST" + struct.pack("<I", 3) + b"abc\0"),
    }


@pytest.mark.parametrize("kind", bodies())
def test_every_kind_gives_the_same_sound(kind: str) -> None:
    sound = read_wav(bodies()[kind], "x.wav")
    assert np.allclose(sound.samples, WAVE, atol=1e-6) and (sound.rate, sound.channels) == (8000, 1)
    assert sound.seconds == 6 / 8000


def test_of_two_channels_the_mean_is_taken() -> None:
    both = np.stack([WAVE, -WAVE / 2], axis=1)
    sound = read_wav(packed((both * 32768).astype("<i2").tobytes(), 16, channels=2, rate=44_100), "x.wav")
    assert np.allclose(sound.samples, WAVE / 4) and (sound.rate, sound.channels) == (44_100, 2)


def test_what_is_written_is_read_again() -> None:
    sound = read_wav(wav_bytes(WAVE, 16_000), "x.wav")
    assert np.array_equal(sound.samples, WAVE) and sound.rate == 16_000
    assert np.array_equal(read_wav(wav_bytes(3 * WAVE[1:3], 8000), "x.wav").samples, [32767 / 32768, -1])


GOOD = bodies()["i16"]


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no WAV file"),
        (b"ID3\x04 something else entirely", "no WAV file"),
        (GOOD[:12], "no part"),
        (GOOD[:-3], "cut off"),
        (GOOD[:20], "cut off"),
        (GOOD[:36], "no part data"),
        (packed(b"", 16), "holds no sample"),
        (packed(b"abc", 16), "ends within a sample"),
        (packed(b"abcd", 4, 0x11), "not read"),
        (packed(b"abcd", 16, channels=0), "contradicts itself"),
        (packed(np.array([np.nan], "<f4").tobytes(), 32, FLOAT), "not a number"),
    ],
)
def test_damaged_files_are_refused_by_name(data: bytes, what: str) -> None:
    with pytest.raises(DataError, match=what) as caught:
        read_wav(data, "the file")
    assert "the file" in str(caught.value)

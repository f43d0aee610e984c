"""WAV files: the samples of one, from its bytes (RIFF WAVE; Microsoft and IBM 1991, extended 1999)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neutnngen.errors import DataError

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
ALLOWED = "a WAV file of PCM with 8, 16, 24 or 32 bits, or of floats with 32 or 64"


@dataclass(frozen=True, eq=False)
class Sound:
    """One channel of sound. samples: (sample,) float64, full scale −1 … 1. rate: samples per second. channels: that the file had."""

    samples: NDArray[np.float64]
    rate: int
    channels: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def read_wav(data: bytes, said: str) -> Sound:
    """The sound of a WAV file; of several channels their mean.

    data: the whole file. said: where it is from, for errors. Raises DataError for what is no WAV file, is cut off, is compressed, or holds
    no sample.
    """
    chunks = _chunks(data, said)
    if b"fmt " not in chunks or b"data" not in chunks:
        lacks = " and ".join(name.decode().strip() for name in (b"fmt ", b"data") if name not in chunks)
        raise DataError(f"the WAV file has no part {lacks}", got=said, allowed=ALLOWED)
    head, body = chunks[b"fmt "], chunks[b"data"]
    if len(head) < 16:
        raise DataError("the WAV file does not say how its samples are kept", got=f"{said}: {len(head)} bytes of format", allowed=ALLOWED)
    kind, channels, rate, _, block, bits = struct.unpack("<HHIIHH", head[:16])
    if kind == EXTENSIBLE and len(head) >= 26:
        kind = struct.unpack("<H", head[24:26])[0]
    if (kind, bits) not in {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)}:
        raise DataError(
            "the samples of the WAV file are of a kind that is not read", got=f"{said}: format {kind}, {bits} bits", allowed=ALLOWED
        )
    if not channels or not rate or block != channels * bits // 8:
        got = f"{said}: {channels} channels, {rate} samples per second, {block} bytes each time"
        raise DataError("the WAV file contradicts itself", got=got, allowed=ALLOWED)
    if len(body) < block or len(body) % block:
        raise DataError(
            "the WAV file ends within a sample" if body else "the WAV file holds no sample",
            got=f"{said}: {len(body)} bytes",
            allowed=ALLOWED,
        )
    samples = _samples(body, kind, bits).reshape(-1, channels).mean(axis=1)
    if not np.isfinite(samples).all():
        raise DataError(
            "a sample of the WAV file is not a number", got=f"{said}: sample {int((~np.isfinite(samples)).argmax())}", allowed=ALLOWED
        )
    return Sound(samples, rate, channels)


def wav_bytes(samples: NDArray[np.floating], rate: int) -> bytes:
    """A WAV file of one channel, PCM of 16 bits. samples: (sample,), full scale −1 … 1; what is beyond is cut off."""
    body = np.clip(np.round(np.asarray(samples, dtype=np.float64) * 32768), -32768, 32767).astype("<i2").tobytes()
    head = struct.pack("<HHIIHH", PCM, 1, rate, 2 * rate, 2, 16)
    inner = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(inner)) + inner


def _samples(body: bytes, kind: int, bits: int) -> NDArray[np.float64]:
    """As float64, full scale −1 … 1. Eight bits are unsigned, all others signed (little endian)."""
    if kind == FLOAT:
        return np.frombuffer(body, f"<f{bits // 8}").astype(np.float64)
    if bits == 8:
        return (np.frombuffer(body, np.uint8).astype(np.float64) - 128) / 128
    if bits == 24:
        wide = np.zeros((len(body) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(body, np.uint8).reshape(-1, 3)
        return wide.reshape(-1).view("<i4").astype(np.float64) / 2.0**31
    return np.frombuffer(body, f"<i{bits // 8}").astype(np.float64) / 2.0 ** (bits - 1)


def _chunks(data: bytes, said: str) -> dict[bytes, bytes]:
    """The parts of the file by their names, of each the first."""
    if len(data) < 12 or data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise DataError("this is no WAV file", got=f"{said}, which begins with {data[:12]!r}", allowed=ALLOWED)
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        at += 8
        if at + size > len(data) and name in (b"fmt ", b"data"):
            got = f"{said}: {len(data) - at} of {size} bytes of {name.decode().strip()}"
            raise DataError("the WAV file is cut off", got=got, allowed="the whole file")
        found.setdefault(name, data[at : at + size])
        at += size + size % 2
    return found

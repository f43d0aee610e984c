"""Sets of recordings: labels and parts told from names, folders and archives alike, other rates, and what is refused."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
import pytest

from conftest import need
from neutnngen.cli.main import main
from neutnngen.data import load_spoken
from neutnngen.data.spoken import brought_to, digest_of, digits_of, is_spoken, locate_spoken, spoken_places
from neutnngen.data.spoken_check import check_spoken, list_spoken
from neutnngen.data.spoken_make import VOICES, drawn_voices, make_spoken
from neutnngen.data.wav import wav_bytes
from neutnngen.errors import ConfigError, DataError


def tone(hertz: float, rate: int = 8000, seconds: float = 0.1) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def write(path: Path, hertz: float = 440, rate: int = 8000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(wav_bytes(tone(hertz, rate), rate))
    return path


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """Two labels by two speakers, seven takes of each, in one folder."""
    for label in (0, 1):
        for who in ("anna", "bert_b"):
            for take in range(7):
                write(tmp_path / "Words" / f"{label}_{who}_{take}.wav", 300 + 200 * label + take)
    return tmp_path / "Words"


def test_names_with_label_speaker_and_index(flat: Path) -> None:
    data = load_spoken(str(flat))
    assert (data.name, data.classes, data.rate, len(data.recordings)) == ("Words", ("0", "1"), 8000, 28)
    assert set(data.speakers) == {"anna", "bert_b"} and int(data.test.sum()) == 20  # takes 0 … 4 of each
    assert data.labels.tolist() == [0] * 14 + [1] * 14
    assert data.recordings[0].dtype == np.float32 and np.allclose(data.recordings[0], tone(300), atol=1e-4)
    assert data.seconds == pytest.approx(2.8)


def test_an_archive_is_the_same_set(flat: Path, tmp_path: Path) -> None:
    for where in ("Words.tar.gz", "other.tar"):
        with tarfile.open(tmp_path / where, "w:gz" if where.endswith("gz") else "w") as archive:
            archive.add(flat, "deep/inside")
        again, data = load_spoken(str(tmp_path / where)), load_spoken(str(flat))
        assert again.speakers == data.speakers and np.array_equal(again.test, data.test)
        assert all(np.array_equal(a, b) for a, b in zip(again.recordings, data.recordings, strict=True))
        assert digest_of(locate_spoken(str(tmp_path / where))) == digest_of(locate_spoken(str(flat)))


def test_sub_folders_name_the_labels(tmp_path: Path) -> None:
    for word in ("two", "ten", "one"):
        for n in range(12):
            write(tmp_path / word / f"{n:02d}a_nohash_0.WAV")
    data = load_spoken(str(tmp_path))
    assert data.classes == ("one", "two", "ten")  # digits by their size, then the rest
    assert int(data.test.sum()) == 6 and set(data.speakers) == {""}
    assert digits_of(data.classes) is None and digits_of(("one", "two")) == (1, 2) and digits_of(("3", "three")) is None


def test_parts_by_their_folders(tmp_path: Path) -> None:
    for part, count in (("train", 3), ("test", 2)):
        for word in ("a", "b"):
            for n in range(count):
                write(tmp_path / part / word / f"{n}.wav")
    data = load_spoken(str(tmp_path))
    assert data.classes == ("a", "b") and int(data.test.sum()) == 4 and len(data.labels) == 10


def test_every_rate_is_brought_to_one(tmp_path: Path) -> None:
    for n, rate in enumerate((8000, 22_050, 44_100, 6000)):
        write(tmp_path / f"{n % 2}_anna_{n}.wav", 500, rate)
    for wanted in (8000, 16_000):
        for recording in load_spoken(str(tmp_path), rate=wanted).recordings:
            assert len(recording) == pytest.approx(0.1 * wanted, abs=2)
            middle = slice(wanted // 50, -wanted // 50)  # the filter rings at the ends
            assert np.allclose(recording[middle], tone(500, wanted)[: len(recording)][middle], atol=0.02)
    kept = tone(500)
    assert np.array_equal(brought_to(kept, 8000, 8000), kept.astype(np.float32))


def test_sets_are_found_by_name(flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    assert load_spoken("Words", tmp_path).name == "Words"
    monkeypatch.setenv("NEUTNNGEN_DATA", str(tmp_path))
    assert is_spoken("Words") and not is_spoken("GunPoint")
    assert [place.name for place in spoken_places()] == ["Words"] and list_spoken()[0].test == 20
    with tarfile.open(tmp_path / "FSDD.tar.gz", "w:gz") as archive:
        archive.add(flat, "recordings")
    assert load_spoken("fsdd").name == "FSDD"
    assert {place.name for place in spoken_places()} == {"FSDD", "Words"}


def test_check_tells_what_is_there_and_what_is_wrong(flat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = check_spoken(str(flat))
    assert report.ok and (report.train, report.test, report.speakers, report.checksums) == (8, 20, 2, "none")
    assert main(["data", "check", str(flat)]) == 0
    write(flat / "2_anna_0.wav")
    assert "train part has no recording of 2" in check_spoken(str(flat)).problems[0]
    (flat / "1_anna_3.wav").write_bytes(b"RIFF")
    report = check_spoken(str(flat))
    assert not report.ok and "1_anna_3.wav" in report.problems[0]
    assert main(["data", "check", str(flat)]) == 1
    assert "no WAV file" in capsys.readouterr().out


def test_what_is_refused(flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: None) -> None:
    monkeypatch.setenv("NEUTNNGEN_DATA", str(tmp_path / "none"))
    with pytest.raises(DataError, match="not on this computer") as caught:
        load_spoken("FSDD")
    assert "free-spoken-digit-dataset" in str(caught.value) and "make-spoken" in str(caught.value)
    with pytest.raises(ConfigError, match="FSDD"):
        load_spoken("FSD")
    with pytest.raises(DataError, match="no such folder"):
        load_spoken(str(tmp_path / "gone"))
    (tmp_path / "broken.tar.gz").write_bytes(b"\x1f\x8b\x08 no archive")
    with pytest.raises(DataError, match="cannot be read"):
        load_spoken(str(tmp_path / "broken.tar.gz"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no WAV files"):
        load_spoken(str(tmp_path / "empty"))
    write(flat / "seven.wav")
    with pytest.raises(DataError, match="label of a file") as caught:
        load_spoken(str(flat))
    assert "seven.wav" in str(caught.value)


def test_one_label_is_no_set(tmp_path: Path) -> None:
    write(tmp_path / "0_anna_0.wav")
    with pytest.raises(DataError, match="two labels"):
        load_spoken(str(tmp_path))


def test_nothing_is_fetched(capsys: pytest.CaptureFixture[str], no_network: None) -> None:
    assert main(["data", "fetch", "FSDD"]) == 3
    shown = capsys.readouterr().err
    assert "free-spoken-digit-dataset" in shown and "make-spoken" in shown


def test_the_published_recordings(shared: Path) -> None:
    report = check_spoken(str(shared / "data" / "fsdd_recordings.tar.gz"))
    assert report.ok and (report.train, report.test, report.classes, report.speakers) == (2700, 300, 10, 6)
    assert report.checksums == "as measured"


def test_voices_are_the_same_every_time() -> None:
    assert drawn_voices(VOICES[0], 8) == drawn_voices(VOICES[0], 8) != drawn_voices(VOICES[1], 8)


def test_a_set_is_not_made_without_sense(tmp_path: Path) -> None:
    for name, takes in (("FSDD", 6), ("my set", 6), ("Mine", 5)):
        with pytest.raises(ConfigError, match=r"not legal|out of range"):
            make_spoken(name, tmp_path, takes)


@pytest.mark.tool
def test_a_synthesiser_speaks_a_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("espeak-ng")
    made = make_spoken("Mine", tmp_path, 6, VOICES[:2])
    data = load_spoken("Mine", tmp_path)
    assert len(data.recordings) == 120 and len(set(data.speakers)) == 2 and digits_of(data.classes) == tuple(range(10))
    assert int((~data.test).sum()) == 20 and min(map(len, data.recordings)) > 800
    before = digest_of(locate_spoken(str(made)))
    assert make_spoken("Mine", tmp_path, 6, VOICES[:2]) == made and digest_of(locate_spoken(str(made))) == before
    monkeypatch.setenv("PATH", "")
    assert main(["data", "make-spoken", "Other", "--to", str(tmp_path)]) == 3 and not (tmp_path / "Other").exists()

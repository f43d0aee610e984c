"""The page of drawn digits: the image that a drawing becomes, the server, and the page in a real browser."""

from __future__ import annotations

import base64
import http.client
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from neutnngen.apps.mnist import draw
from neutnngen.apps.mnist.draw import LARGEST_BODY, make_server, prepare, serve
from neutnngen.apps.mnist.drawing import drawing_of
from neutnngen.apps.mnist.reading import Reading
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE

SHAPE = (28, 28)


class TallOrWide:
    """Strength of a class: the rows, or columns, that have ink. Two input lines per pixel, of which the second is silent."""

    title = "a ruler & <measure>"
    shape = SHAPE
    classes = ("tall", "wide")

    def __init__(self) -> None:
        self.inside = self.most_inside = 0
        self.error: Exception | None = None

    def read(self, image: NDArray[np.uint8]) -> Reading:
        if self.error:
            raise self.error
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        time.sleep(0.005)
        strengths = np.array([image.any(axis=1).sum(), image.any(axis=0).sum()], dtype=np.int64)
        inputs = np.full((*image.shape, 2), NO_SPIKE, dtype=np.uint8)
        inputs[..., 0] = np.where(image > 0, 7 - image // 32, NO_SPIKE)
        self.inside -= 1
        label = -1 if strengths[0] == strengths[1] else int(strengths.argmax())
        return Reading(label, strengths, inputs.ravel(), (inputs[::2, ::2, 0].ravel() + 0, strengths.astype(np.uint8)))


# ---- the image


def ink_box(image: NDArray[np.uint8]) -> tuple[int, int]:
    """Rows and columns of the bounding box of the ink."""
    rows, columns = np.nonzero(image)
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def centre(image: NDArray[np.uint8]) -> tuple[float, float]:
    """Centre of mass; the middle of pixel n is n + 0.5."""
    rows, columns = np.indices(image.shape) + 0.5
    return float((rows * image).sum() / image.sum()), float((columns * image).sum() / image.sum())


def blot(height: int, width: int, rows: slice, columns: slice) -> NDArray[np.uint8]:
    drawing = np.zeros((height, width), dtype=np.uint8)
    drawing[rows, columns] = 255
    return drawing


def test_an_empty_drawing_gives_an_empty_image() -> None:
    image = prepare(np.zeros((280, 280), dtype=np.uint8), SHAPE)
    assert image.shape == SHAPE and image.dtype == np.uint8 and not image.any()


@pytest.mark.parametrize("rows, columns", [((10, 210), (5, 105)), ((200, 280), (180, 280)), ((3, 13), (3, 9)), ((0, 280), (0, 280))])
def test_the_longer_side_is_twenty_and_the_centre_of_mass_in_the_middle_pixel(rows: tuple[int, int], columns: tuple[int, int]) -> None:
    image = prepare(blot(280, 280, slice(*rows), slice(*columns)), SHAPE)
    tall, wide = rows[1] - rows[0], columns[1] - columns[0]
    assert ink_box(image) == tuple(int(np.ceil(20 * side / max(tall, wide) - 1e-9)) for side in (tall, wide))
    assert all(14 <= c < 15 for c in centre(image))
    assert image.max() == 255


def test_the_image_is_independent_of_place_and_size() -> None:
    letter = np.zeros((40, 40), dtype=np.uint8)
    letter[:, :8] = letter[-8:, :] = 255  # an L
    large = np.kron(letter, np.ones((6, 6), dtype=np.uint8))
    expected = prepare(letter, SHAPE)
    for drawing in (np.pad(letter, ((100, 3), (0, 50))), large, np.pad(large, 20)):
        np.testing.assert_array_equal(prepare(drawing, SHAPE), expected)


def test_new_pixels_are_the_mean_of_the_area_that_they_cover() -> None:
    drawing = np.zeros((40, 40), dtype=np.uint8)
    drawing[:, ::2] = 201  # every new pixel covers one column with ink and one without
    drawing[:, -1] = 201  # and the last, two with
    row = prepare(drawing, SHAPE)[14]
    assert row[row > 0].tolist() in ([127] * 19 + [255], [128] * 19 + [255])


@pytest.mark.parametrize("width", [1, 2, 5])
def test_thin_lines_do_not_fade(width: int) -> None:
    image = prepare(blot(280, 280, slice(20, 260), slice(140, 140 + width)), SHAPE)
    assert ink_box(image) == (20, 1)
    assert (image[image > 0] == 255).all()


def test_a_digit_of_mnist_drawn_large_comes_back() -> None:
    rng = np.random.default_rng(3)
    digit = np.zeros(SHAPE, dtype=np.uint8)
    digit[4:24, 8:20] = rng.integers(1, 255, (20, 12))
    digit[10, 10] = 255
    moved = prepare(np.kron(digit, np.ones((10, 10), dtype=np.uint8)), SHAPE)
    rows, columns = np.nonzero(moved)
    np.testing.assert_array_equal(moved[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], digit[4:24, 8:20])


def test_ink_stays_inside_where_its_mass_is_at_one_end() -> None:
    drawing = blot(280, 280, slice(0, 280), slice(140, 142))
    drawing[240:, 100:180] = 255
    image = prepare(drawing, SHAPE)
    assert ink_box(image)[0] == 20 and image[4].any() == image[4:24].any(axis=1)[0]


@pytest.mark.parametrize("size", [(100, 300), (300, 100), (28, 28), (5, 5), (1, 1)])
@pytest.mark.parametrize("shape", [(28, 28), (14, 42), (8, 8), (2, 2)])
def test_drawings_and_images_of_any_size(size: tuple[int, int], shape: tuple[int, int]) -> None:
    drawing = np.full(size, 77, dtype=np.uint8)
    image = prepare(drawing, shape)
    assert image.shape == shape and image.max() == 255
    assert all(ink <= max(round(20 / 28 * side), 1) for ink, side in zip(ink_box(image), shape, strict=True))


def test_what_is_no_drawing_is_refused() -> None:
    with pytest.raises(ConfigError, match="no drawing"):
        prepare(np.zeros((28, 28)), SHAPE)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="too small"):
        prepare(np.zeros((28, 28), dtype=np.uint8), (1, 28))


# ---- the request


def request_of(drawing: NDArray[np.uint8], **changes: object) -> bytes:
    height, width = drawing.shape
    values: dict[str, object] = {"width": width, "height": height, "pixels": base64.b64encode(drawing.tobytes()).decode()}
    return json.dumps({k: v for k, v in {**values, **changes}.items() if v != "absent"}).encode()


STROKE = blot(40, 60, slice(5, 35), slice(20, 26))
BAD = {
    b"": "not JSON",
    b"\xff\xfe": "not JSON",
    b"[" * 100000: "not JSON",
    b"[1]": "wrong keys",
    request_of(STROKE, width="absent"): "wrong keys",
    request_of(STROKE, more=1): "wrong keys",
    request_of(STROKE, width=0): "width is not legal",
    request_of(STROKE, width=True): "width is not legal",
    request_of(STROKE, height=1e9): "height is not legal",
    request_of(STROKE, height=1025): "height is not legal",
    request_of(STROKE, width=61): "do not fill",
    request_of(STROKE, pixels="***"): "not base64",
    request_of(STROKE, pixels="é"): "not base64",
    request_of(STROKE, pixels=[1, 2]): "not base64",
}


def test_a_drawing_survives_the_request() -> None:
    np.testing.assert_array_equal(drawing_of(request_of(STROKE)), STROKE)


@pytest.mark.parametrize("body, problem", BAD.items(), ids=range(len(BAD)))
def test_bad_requests_say_what_is_wrong(body: bytes, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        drawing_of(body)


# ---- the server


@contextmanager
def running(recogniser: TallOrWide) -> Iterator[ThreadingHTTPServer]:
    with make_server(recogniser, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def ruler() -> TallOrWide:
    return TallOrWide()


@pytest.fixture
def page(ruler: TallOrWide) -> Iterator[ThreadingHTTPServer]:
    with running(ruler) as server:
        yield server


Answer = tuple[int, bytes, http.client.HTTPResponse]


def ask(server: ThreadingHTTPServer, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
    """Status, body and the response, headers with _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        connection.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        response = connection.getresponse()
        return response.status, response.read(), response
    finally:
        connection.close()


def refusal(answer: Answer) -> tuple[int, str]:
    """Status and sentence of an answer that must be a refusal."""
    status, body, response = answer
    values = json.loads(body)
    assert response.headers["Content-Type"] == "application/json" and list(values) == ["error"]
    assert isinstance(values["error"], str) and "\n" not in values["error"]
    return status, values["error"]


@pytest.mark.parametrize(
    "path, media", [("/", "text/html"), ("/?strokes=0,0", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")]
)
def test_the_page_is_served(page: ThreadingHTTPServer, path: str, media: str) -> None:
    status, body, response = ask(page, "GET", path)
    assert status == 200 and response.headers["Content-Type"].startswith(media) and len(body) > 1000
    assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    head_status, head, head_response = ask(page, "HEAD", path)
    assert (head_status, head) == (200, b"") and head_response.headers["Content-Length"] == str(len(body))


def test_the_page_asks_for_nothing_from_elsewhere() -> None:
    for file in (Path(draw.__file__).parent / "page").iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.[a-z]|@import", text), file


def test_about_says_what_is_at_work(page: ThreadingHTTPServer) -> None:
    status, body, _ = ask(page, "GET", "/about")
    expected = {
        "title": TallOrWide.title,
        "classes": ["tall", "wide"],
        "shape": [28, 28],
        "inputs": 1568,
        "layers": [196, 2],
        "silent": 255,
    }
    assert status == 200 and json.loads(body) == expected


def test_a_drawing_is_read(page: ThreadingHTTPServer, ruler: TallOrWide) -> None:
    status, body, _ = ask(page, "POST", "/read", request_of(STROKE))
    answer = json.loads(body)
    image = prepare(STROKE, SHAPE)
    expected = ruler.read(image)
    assert status == 200 and answer["label"] == 0 and answer["strengths"] == [20, 4]
    assert base64.b64decode(answer["image"]) == image.tobytes()
    assert base64.b64decode(answer["inputs"]) == expected.inputs.tobytes()
    assert [base64.b64decode(layer) for layer in answer["layers"]] == [layer.tobytes() for layer in expected.layers]
    assert 5 <= answer["latency_ms"] < 5000


def test_the_network_reads_one_drawing_at_a_time(page: ThreadingHTTPServer, ruler: TallOrWide) -> None:
    statuses: list[int] = []
    threads = [threading.Thread(target=lambda: statuses.append(ask(page, "POST", "/read", request_of(STROKE))[0])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8 and ruler.most_inside == 1


def test_a_bad_body_is_refused_and_the_server_goes_on(page: ThreadingHTTPServer) -> None:
    status, sentence = refusal(ask(page, "POST", "/read", request_of(STROKE, width=61)))
    assert status == 400 and sentence == "the pixels do not fill the drawing: got 2400 bytes, allowed is 61 × 40 = 2440 bytes"
    assert ask(page, "POST", "/read", request_of(STROKE))[0] == 200


@pytest.mark.parametrize("length, status", [(str(LARGEST_BODY + 1), 413), ("9" * 5000, 413), ("-1", 411), ("many", 411)])
def test_the_length_of_a_body_is_limited(page: ThreadingHTTPServer, length: str, status: int) -> None:
    assert refusal(ask(page, "POST", "/read", Content_Length=length))[0] == status


def test_the_largest_drawing_fits(page: ThreadingHTTPServer) -> None:
    body = request_of(np.full((1024, 1024), 9, dtype=np.uint8))
    assert len(body) <= LARGEST_BODY and ask(page, "POST", "/read", body)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/../draw.py",
        "/page/../../draw.py",
        "/%2e%2e/draw.py",
        "//etc/passwd",
        "/./page.js",
        "/__init__.py",
        "/page.js/",
        "page.js",
    ],
)
def test_nothing_but_the_page_is_served(page: ThreadingHTTPServer, path: str) -> None:
    assert refusal(ask(page, "GET", path))[0] == 404
    assert ask(page, "HEAD", path)[:2] == (404, b"")


def test_other_methods_and_places_are_refused(page: ThreadingHTTPServer) -> None:
    assert refusal(ask(page, "GET", "/read"))[0] == 405
    assert refusal(ask(page, "POST", "/", request_of(STROKE)))[0] == 404
    assert refusal(ask(page, "DELETE", "/read"))[0] == 501


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "192.168.0.7:8768", "", "[", "evil.example@127.0.0.2"])
def test_another_host_is_refused(page: ThreadingHTTPServer, host: str) -> None:
    assert refusal(ask(page, "GET", "/", Host=host))[0] == 403
    assert refusal(ask(page, "POST", "/read", request_of(STROKE), Host=host))[0] == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:8768", "[::1]:8768", "LOCALHOST:8768"])
def test_this_computer_is_served_under_each_of_its_names(page: ThreadingHTTPServer, host: str) -> None:
    assert ask(page, "GET", "/about", Host=host)[0] == 200


def test_pages_of_other_sites_are_refused(page: ThreadingHTTPServer) -> None:
    for origin in ("https://evil.example", "null"):
        assert refusal(ask(page, "POST", "/read", request_of(STROKE), Origin=origin))[0] == 403
    assert ask(page, "POST", "/read", request_of(STROKE), Origin=f"http://localhost:{page.server_port}")[0] == 200


@pytest.mark.parametrize("error", [ConfigError("it is tired", next_step="wait"), RuntimeError("it is tired")])
def test_an_error_of_the_network_reaches_the_page(
    page: ThreadingHTTPServer, ruler: TallOrWide, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    ruler.error = error
    status, sentence = refusal(ask(page, "POST", "/read", request_of(STROKE)))
    assert status == 500 and "it is tired" in sentence and "next" not in sentence
    ruler.error = None
    assert ask(page, "POST", "/read", request_of(STROKE))[0] == 200
    assert ("Traceback" in capsys.readouterr().err) == isinstance(error, RuntimeError)


def test_a_port_in_use_is_one_clear_error(page: ThreadingHTTPServer, ruler: TallOrWide) -> None:
    for port in (page.server_port, 70000):
        with pytest.raises(ConfigError, match="cannot be served at this port") as caught:
            make_server(ruler, port)
        assert str(port) in (caught.value.got or "") and caught.value.next_step


def test_a_network_that_cannot_read_is_found_at_the_start(ruler: TallOrWide) -> None:
    ruler.error = ConfigError("no weights")
    with pytest.raises(ConfigError, match="no weights"):
        make_server(ruler, 0)


def test_serve_says_where_and_ends_with_ctrl_c(ruler: TallOrWide, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(server: ThreadingHTTPServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(draw._Server, "serve_forever", interrupted)
    said: list[str] = []
    serve(ruler, 0, open_browser=False, announce=said.append)
    assert re.search(r"http://127\.0\.0\.1:\d+/", said[0]) and ruler.title in said[0]


@pytest.mark.parametrize("screen", [True, False])
def test_a_browser_opens_where_there_is_a_screen(ruler: TallOrWide, monkeypatch: pytest.MonkeyPatch, screen: bool) -> None:
    opened = threading.Event()
    monkeypatch.setattr(draw._Server, "serve_forever", lambda server: opened.wait(5 if screen else 0.05))
    monkeypatch.setattr("webbrowser.open", lambda address: opened.set())
    monkeypatch.setattr(draw.sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":0" if screen else "")
    serve(ruler, 0, announce=lambda text: None)
    assert opened.is_set() == screen


# ---- the page in a browser


@pytest.fixture
def browser(tmp_path: Path) -> list[str]:
    """The command that starts a browser without a window; options and an address follow."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    program = next((found for name in names if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no browser is installed: {', '.join(names)}")
    return [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={tmp_path / 'browser'}"]


def strokes_of(*strokes: list[tuple[float, float]]) -> str:
    return "|".join(";".join(f"{x},{y}" for x, y in stroke) for stroke in strokes)


@pytest.mark.tool
def test_the_page_shows_the_answer(page: ThreadingHTTPServer, browser: list[str]) -> None:
    drawing = strokes_of([(0.5, 0.1), (0.5, 0.9)], [(0.45, 0.5), (0.55, 0.5)])
    argv = [*browser, "--virtual-time-budget=20000", "--dump-dom", f"http://127.0.0.1:{page.server_port}/?strokes={drawing}"]
    html = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=True).stdout
    assert 'data-label="tall"' in html
    said = re.search(r"It is tall, (\d+) ahead of wide\.", html)
    assert said and 10 <= int(said[1]) <= 18
    assert "a ruler &amp; &lt;measure&gt;" in html
    assert re.search(r'<li class="wins"><span class="name">tall</span>.*?>20</span><span class="mark">wins</span>', html)
    assert re.search(r"\d+ of 1,568 lines spike", html) and "2 of 2 lines spike" in html
    assert re.search(r'id="latency">[\d.]+ ms', html) and 'id="trouble" role="alert" hidden' in html


PROBE = """
const paper = document.getElementById("paper"), body = document.body, seen = {}, ask = window.fetch;
paper.setPointerCapture = () => {};  // there is no real pointer
let sent = 0, open = 0, mostOpen = 0;
window.fetch = async (...what) => {
  sent++; mostOpen = Math.max(mostOpen, ++open);
  try { return await ask(...what); } finally { open--; }
};
const wait = (time) => new Promise((done) => setTimeout(done, time));
async function settle() {  // until no request was open for six frames
  for (let quiet = 0; quiet < 6; quiet = open ? 0 : quiet + 1) await new Promise(requestAnimationFrame);
}
async function stroke(points) {
  const box = paper.getBoundingClientRect();
  const fire = (kind, [x, y]) => paper.dispatchEvent(new PointerEvent(kind,
    { pointerId: 7, button: 0, bubbles: true, clientX: box.left + x * box.width, clientY: box.top + y * box.height }));
  fire("pointerdown", points[0]);
  for (const point of points) { fire("pointermove", point); await wait(1); }
  fire("pointerup", points.at(-1));
  await settle();
}
const line = (from, to) => Array.from({ length: 60 }, (_, n) => from.map((v, k) => v + ((to[k] - v) * n) / 59));
const press = async (key, more = {}) => { window.dispatchEvent(new KeyboardEvent("keydown", { key, ...more })); await settle(); };
await settle();
seen.start = body.dataset.label ?? null;
await stroke(line([0.1, 0.5], [0.9, 0.5]));
seen.stroke = body.dataset.label;
seen.address = location.search.startsWith("?strokes=0.1,0.5;");
seen.few = sent <= 70 && mostOpen === 1;
await stroke(line([0.5, 0.05], [0.5, 0.95]));
seen.second = body.dataset.label;
await press("c", { ctrlKey: true });
seen.copied = body.dataset.label;
await press("z");
seen.undone = body.dataset.label;
await press("c");
seen.cleared = [body.dataset.label ?? null, location.search, document.getElementById("lead").textContent];
window.fetch = () => Promise.reject(new TypeError("gone"));
await stroke(line([0.1, 0.5], [0.9, 0.5]));
seen.gone = [body.dataset.label ?? null, document.getElementById("trouble").hidden];
window.fetch = ask;
await wait(2500);
await settle();
seen.back = [body.dataset.label, document.getElementById("trouble").hidden];
await ask("probe", { method: "POST", body: JSON.stringify(seen) });
"""


class Listening(draw._Handler):
    """The page's server, which also hears what the probe saw."""

    heard: queue.Queue[bytes] = queue.Queue()

    def do_POST(self) -> None:  # noqa: N802
        if self.path == "/probe":
            self.heard.put(self.rfile.read(int(self.headers["Content-Length"])))
            self._send(200, "text/plain", b"")
        else:
            super().do_POST()


@pytest.mark.tool
def test_drawing_keys_and_a_lost_server(page: Any, browser: list[str]) -> None:
    media, html = page.pages["/"]
    page.pages["/"] = media, html.replace(b"</head>", b'<script type="module" src="probe.js"></script></head>')
    page.pages["/probe.js"] = page.pages["/page.js"][0], PROBE.encode()
    page.RequestHandlerClass = Listening
    argv = [*browser, "--remote-debugging-port=0", f"http://127.0.0.1:{page.server_port}/"]  # with this option the page stays open
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        seen = json.loads(Listening.heard.get(timeout=60))
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert seen == {
        "start": None,
        "stroke": "wide",
        "address": True,
        "few": True,
        "second": "tall",
        "copied": "tall",
        "undone": "wide",
        "cleared": [None, "", "Nothing is drawn yet."],
        "gone": [None, False],
        "back": ["wide", True],
    }

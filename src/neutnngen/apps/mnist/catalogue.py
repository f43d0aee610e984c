"""Designs by name: the published ones and ours."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from neutnngen.apps.mnist.blueprint import Blueprint, CodePlan, LayerPlan, ReadoutPlan, load_blueprint
from neutnngen.errors import unknown_name
from neutnngen.spec import StdpSpec

PUBLISHED = StdpSpec(mu_capture=640, mu_minus=952, mu_search=2, mu_backoff=952, mu_min=70)
"""The first published set of parameters."""

VOTES, TALLY = ReadoutPlan("votes"), ReadoutPlan("tally")


GREY = CodePlan("population")
THETA, THETA_4 = 0.3, 0.15
"""For GREY, of which both lines of a pixel spike: about two clocks of every line, with weights of 3 and of 4 bits; the best of several on
validation images."""


def dendrites(
    name: str,
    about: str,
    window: tuple[int, int],
    number: int,
    segments: int,
    share: float,
    *,
    read: int = 1,
    bits: Literal[3, 4] = 3,
    passes: int = 1,
    jitter: int = 0,
) -> Blueprint:
    """Our form. window: size and stride. Each has ``number`` dendrites on a random ``share`` of it, with weights of ``bits``; the read-out
    has ``read`` segments a class."""
    theta = THETA if bits == 3 else THETA_4
    layer = LayerPlan(*window, dendrites=number, segments=segments, share=share, threshold=theta, w_res=bits)
    return Blueprint(name, (layer,), ReadoutPlan(segments=read), GREY, passes, jitter, about)


def classic(name: str, about: str, window: tuple[int, int], neurons: int, readout: ReadoutPlan | None = None) -> Blueprint:
    """The classic form at the same windows: one column of ``neurons`` on all of each, one winner."""
    layer = LayerPlan(*window, segments=neurons, threshold=THETA)
    return Blueprint(name, (layer,), ReadoutPlan() if readout is None else readout, GREY, about=about)


def _published_layer(size: int, neurons: int, *, corners: bool = True, t_res: int = 3) -> LayerPlan:
    return LayerPlan(size, 1, corners, segments=neurons, threshold=0.5, t_res=t_res, tie="lowest_index")


def _class_layer(size: int, segments: int, **options: object) -> LayerPlan:
    return LayerPlan(size, 1, segments=segments, classes=True, threshold=0.5, **options)  # type: ignore[arg-type]


CATALOGUE: dict[str, Blueprint] = {
    b.name: b
    for b in (
        Blueprint("prototype", (_published_layer(4, 12, corners=False),), VOTES, about="published: two layers, 625 columns and a voter"),
        Blueprint(
            "classic",
            (_published_layer(3, 12), _published_layer(3, 20, t_res=4), _published_layer(3, 32, t_res=4)),
            VOTES,
            about="published: three layers of columns and a voter",
        ),
        Blueprint(
            "classic_small",
            (_published_layer(3, 12), _published_layer(3, 20, t_res=4), _published_layer(3, 32, t_res=4)),
            VOTES,
            CodePlan(shrink=4),
            about="published, for layout: the same on 7 × 7 pixels",
        ),
        Blueprint(
            "enabled",
            (_class_layer(3, 24, output="neurons"),),
            TALLY,
            CodePlan(crop=1),
            about="published: active dendrites, one neuron per class enabled by the label, columns are counted",
        ),
        Blueprint(
            "enabled_small",
            (_class_layer(3, 24, output="neurons", windows=2),),
            TALLY,
            CodePlan(crop=1),
            about="published, for layout: two columns of it",
        ),
        dendrites("tiny", "ours: 64 windows of 7 × 7 pixels, 2 dendrites of 6 segments", (7, 3), 2, 6, 0.5, passes=8, jitter=1),
        dendrites("small", "ours: 121 windows of 7 × 7 pixels, 3 dendrites of 15 segments", (7, 2), 3, 15, 0.5, passes=8, jitter=1),
        dendrites(
            "best",
            "ours: 81 windows of 11 × 11 pixels, 4 dendrites of 48 segments, 4-bit weights",
            (11, 2),
            4,
            48,
            0.25,
            read=4,
            bits=4,
            passes=10,
            jitter=1,
        ),
    )
}


DEFAULT = "small"


def named_blueprint(name: str) -> Blueprint:
    """A blueprint by its name in the catalogue, or of a TOML file."""
    if name.endswith(".toml") or "/" in name:
        return load_blueprint(Path(name).expanduser())
    if name not in CATALOGUE:
        raise unknown_name("there is no design of this name", name, CATALOGUE)
    return CATALOGUE[name]

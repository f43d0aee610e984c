"""Blueprints: TOML and back, every wrong key and value refused with what is legal; the catalogue."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from mnist_cases import MARGIN, TALLY, TWO

from neutnngen.apps.mnist.blueprint import Blueprint, CodePlan, LayerPlan, ReadoutPlan, blueprint_from_dict, load_blueprint
from neutnngen.apps.mnist.explore import dimensions, sizes
from neutnngen.errors import ConfigError, DataError
from neutnngen.spec import HomeostasisSpec, StdpSpec

ODD = Blueprint(
    "odd",
    (
        LayerPlan(5, 2, True, 2, 7, 0.5, threshold=0.25, response="snl", tie="lowest_index", w_res=4, t_res=2, start="uniform"),
        LayerPlan(2, classes=True, output="neurons", inhibition="one_lowest_index", stdp=StdpSpec(1, 2, 3, 4, 5), windows=2),
        LayerPlan(1, classes=True, output="neurons", homeostasis=HomeostasisSpec(3, 1, 4, 20)),
    ),
    ReadoutPlan("tally", w_res=1),
    CodePlan("onoff", 0.1, 4, 1, 2),
    passes=3,
    jitter=2,
    about='every option, and a "quoted" word',
)


def toml_of(plan: Blueprint) -> str:
    """TOML, written without the code under test."""

    def lines(values: dict[str, Any]) -> list[str]:
        return [f"{key} = {json.dumps(value)}" for key, value in values.items() if value is not None]

    document = dataclasses.asdict(plan)
    layers, readout, code = document.pop("layers"), document.pop("readout"), document.pop("code")
    text = [*lines(document), "[readout]", *lines(readout), "[code]", *lines(code)]
    for layer in layers:
        inner = {key: layer.pop(key) for key in ("stdp", "homeostasis")}
        text += ["[[layers]]", *lines(layer)]
        for key, values in inner.items():
            text += [f"[layers.{key}]", *lines(values)] if values is not None else []
    return "\n".join(text) + "\n"


@pytest.mark.parametrize("plan", [ODD, MARGIN, TALLY, TWO], ids=lambda plan: plan.name)
def test_toml_round_trip(plan: Blueprint, tmp_path: Path) -> None:
    file = tmp_path / "design.toml"
    file.write_text(toml_of(plan), encoding="utf-8")
    assert load_blueprint(file) == plan


@pytest.mark.parametrize("plan", [ODD, *(task.blueprint for task in [*sizes(), *dimensions()])], ids=lambda plan: plan.name)
def test_json_round_trip_as_in_the_provenance_of_a_design(plan: Blueprint) -> None:
    assert blueprint_from_dict(json.loads(json.dumps(dataclasses.asdict(plan)))) == plan


def test_a_few_lines_are_enough(tmp_path: Path) -> None:
    file = tmp_path / "least.toml"
    file.write_text('name = "least"\n[[layers]]\nsize = 7\n')
    plan = load_blueprint(file)
    assert plan == Blueprint("least", (LayerPlan(7),)) and (plan.readout, plan.code) == (ReadoutPlan(), CodePlan())
    assert (plan.passes, plan.jitter, plan.layers[0].dendrites, plan.layers[0].share) == (1, 0, 1, 1.0)


LEAST: dict[str, Any] = {"name": "least", "layers": [{"size": 7}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"pases": 2}, ["unknown key in [the design]", "pases", "did you mean 'passes'"]),
        ({"layers": [{"size": 7}, {"size": 3, "segmnts": 4}]}, ["unknown key in [layers.1]", "segmnts", "did you mean 'segments'"]),
        ({"layers": [{"size": 7, "stdp": {"mu_captur": 1}}]}, ["unknown key in [layers.0.stdp]", "did you mean 'mu_capture'"]),
        ({"layers": [{"size": 7, "homeostasis": {"alfa": 1}}]}, ["unknown key in [layers.0.homeostasis]", "did you mean 'alpha'"]),
        ({"readout": {"margn": 1}}, ["unknown key in [readout]", "did you mean 'margin'"]),
        ({"code": {"knd": "posneg"}}, ["unknown key in [code]", "did you mean 'kind'"]),
        ({"code": {"wholly_other": 1}}, ["unknown key in [code]", "kind, cut, t_res, crop, shrink"]),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_legal_one(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        blueprint_from_dict({**LEAST, **changes})
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layers": [{"size": 7.5}]}, ["layers.0.size", "7.5"]),
        ({"layers": [{"size": "many"}]}, ["layers.0.size", "many"]),
        ({"layers": [{"segments": 3}]}, ["layers.0.size", "required"]),
        ({"layers": [{"size": 7}, {"size": 7, "tie": "random"}]}, ["layers.1.tie", "random", "lowest_index"]),
        ({"layers": [{"size": 7, "stdp": 3}]}, ["layers.0.stdp", "3"]),
        ({"layers": [{"size": 7, "stdp": {"mu_capture": 5000}}]}, ["mu_capture", "5000", "0 … 1024"]),
        ({"layers": [7]}, ["[layers.0] must be a table"]),
        ({"readout": "votes"}, ["[readout] must be a table", "votes"]),
        ({"readout": {"kind": "vote"}}, ["readout.kind", "vote"]),
        ({"code": {"kind": "grey"}}, ["code.kind", "grey", "population"]),
        ({"passes": 2.5}, ["passes must be an integer", "2.5"]),
        ({"passes": True}, ["passes must be an integer", "True"]),
        ({"jitter": "1"}, ["jitter must be an integer"]),
    ],
)
def test_a_value_of_a_wrong_type_is_named_with_its_place(changes: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        blueprint_from_dict({**LEAST, **changes})
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("changes", [{"name": 3}, {"about": 3}, {"layers": [{"size": True}]}, {"layers": [{"size": "7"}]}])
def test_values_are_not_taken_for_what_they_are_not(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        blueprint_from_dict({**LEAST, **changes})


@pytest.mark.parametrize("layers", [None, [], {"size": 7}, "7"])
def test_layers_must_be_there(layers: object) -> None:
    document = {"name": "none"} if layers is None else {"name": "none", "layers": layers}
    with pytest.raises(ConfigError, match=r"at least one layer(.|\n)*\[\[layers\]\]"):
        blueprint_from_dict(document)


UNDERSCORE = "_hidden"


@pytest.mark.parametrize("name", ["", "7up", "two words", "a-b", "naïve", "a.b", UNDERSCORE])
def test_a_name_must_be_a_module_name(name: str) -> None:
    with pytest.raises(ConfigError, match="module name"):
        Blueprint(name, (LayerPlan(7),))


def test_a_name_must_be_given() -> None:
    with pytest.raises(ConfigError, match=r"no name(.|\n)*name = \"my_design\""):
        blueprint_from_dict({"layers": [{"size": 7}]})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LayerPlan(7, output="neurons"), ["one neuron per class", "classes = true"]),
        (lambda: LayerPlan(7, classes=True, share=0.5), ["whole windows", "share = 0.5", "share = 1"]),
        (lambda: Blueprint("a", (LayerPlan(7),), ReadoutPlan("tally", w_res=1)), ["tally", 'output = "neurons"']),
        (lambda: Blueprint("a", (LayerPlan(7, classes=True),), ReadoutPlan("tally", w_res=1)), ["tally", "segments"]),
        (lambda: ReadoutPlan("votes", w_res=8), ["readout.w_res", "1 … 6"]),
        (lambda: ReadoutPlan("margin", w_res=9), ["readout.w_res", "1 … 8"]),
        (lambda: ReadoutPlan(segments=0), ["readout.segments"]),
        (lambda: ReadoutPlan(margin=-1), ["readout.margin"]),
        (lambda: LayerPlan(0), ["layer.size", "1 … 64"]),
        (lambda: LayerPlan(7, 0), ["layer.stride"]),
        (lambda: LayerPlan(7, dendrites=0), ["layer.dendrites"]),
        (lambda: LayerPlan(7, segments=0), ["layer.segments"]),
        (lambda: LayerPlan(7, share=0.0), ["layer.share"]),
        (lambda: LayerPlan(7, share=1.5), ["layer.share"]),
        (lambda: LayerPlan(7, threshold=float("nan")), ["layer.threshold", "nan"]),
        (lambda: LayerPlan(7, windows=0), ["layer.windows"]),
        (lambda: CodePlan(cut=1.5), ["code.cut"]),
        (lambda: CodePlan(t_res=0), ["code.t_res"]),
        (lambda: CodePlan(crop=-1), ["code.crop"]),
        (lambda: CodePlan(shrink=0), ["code.shrink"]),
        (lambda: Blueprint("a", (LayerPlan(7),), passes=0), ["passes", "1 …"]),
        (lambda: Blueprint("a", (LayerPlan(7),), jitter=9), ["jitter", "0 … 8"]),
    ],
)
def test_illegal_combinations_say_what_is_legal(make: Any, words: list[str]) -> None:
    with pytest.raises(ConfigError) as raised:
        make()
    for word in words:
        assert word in str(raised.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no such design file(.|\n)*neutnngen apps mnist --list"):
        load_blueprint(tmp_path / "none.toml")
    with pytest.raises(DataError, match="cannot be read"):
        load_blueprint(tmp_path)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        load_blueprint(tmp_path / "binary.toml")
    (tmp_path / "broken.toml").write_text("[[layers\n")
    with pytest.raises(ConfigError, match=r"not valid TOML(.|\n)*broken.toml"):
        load_blueprint(tmp_path / "broken.toml")

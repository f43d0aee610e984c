"""Repair: sizes for setup, slews and loads, buffers for hold; weights of nets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chain_block import chain, the_kit

from neutnngen.errors import ConfigError
from neutnngen.place_route.block import Block, PinRef
from neutnngen.timing.engine import analyse, make_engine
from neutnngen.timing.families import families
from neutnngen.timing.library import load_timing
from neutnngen.timing.repair import RepairOptions, repair
from neutnngen.timing.weights import net_weights, weights_by_timing


def same_function(before: Block, after: Block) -> None:
    """Every cell is one of its family, every sink hangs behind buffers on the driver that it had."""
    kit = the_kit()
    groups = families(kit, load_timing(kit))
    for name, instance in before.instances.items():
        family = [cell.name for cell in groups.get(instance.master, ())] or [instance.master]
        assert after.instances[name].master in family
    source = {}
    for net in after.nets.values():
        driver = next(ref for ref in net.pins if ref.pin in ("Z", "ZN", "Q", "QN", "clk", "in"))
        for ref in net.pins:
            source[ref] = driver
    for net in before.nets.values():
        for ref in net.pins:
            at = source[ref]
            while at.instance is not None and at.instance not in before.instances:
                at = source[PinRef(at.instance, "A")]
            assert at in net.pins


def test_families_are_by_function() -> None:
    groups = families(the_kit(), load_timing(the_kit()))
    assert [cell.name for cell in groups["INV_X4"]][:3] == ["INV_X1", "INV_X2", "INV_X4"]
    assert [cell.name for cell in groups["DFF_X1"]] == ["DFF_X1", "DFF_X2"]
    assert not {cell.name for cell in groups["BUF_X1"]} & set(the_kit().roles.clock_buffers)


def test_a_slow_path_gets_stronger_cells() -> None:
    block = chain(10, step=40_000)
    period = analyse(block, the_kit(), 1.0).shortest_period * 0.93
    made, report = repair(block, the_kit(), period)
    assert report.setup_before < 0 <= report.setup_after and report.resized > 0
    assert analyse(made, the_kit(), period).setup_slack == pytest.approx(report.setup_after)
    same_function(block, made)
    again, second = repair(block, the_kit(), period)
    assert again == made and second == report
    kept, nothing = repair(block, the_kit(), 5.0)
    assert nothing.resized == 0 and kept == block


def test_an_overloaded_driver_is_relieved() -> None:
    block = chain(2, sinks=60)
    assert analyse(block, the_kit(), 5.0).load_violations
    made, report = repair(block, the_kit(), 5.0)
    after = analyse(made, the_kit(), 5.0)
    assert not after.load_violations and report.resized + report.buffers > 0
    same_function(block, made)


def test_slews_are_kept_at_every_corner() -> None:
    """A corner where all slews are 3 times as long: what is enough at the typical one is not there."""
    kit, typical = the_kit(), load_timing(the_kit())
    slow = replace(typical, corner="slow", tail=3 * typical.tail)
    block, _ = repair(chain(2, sinks=24), kit, 5.0)
    assert not analyse(block, kit, 5.0).slew_violations and analyse(block, kit, 5.0, library=slow).slew_violations
    made, report = repair(block, kit, 5.0, corners=[slow])
    assert not analyse(made, kit, 5.0, library=slow).slew_violations and report.resized + report.buffers > 0
    same_function(block, made)


def test_an_open_output_is_nothing_to_relieve() -> None:
    made, report = repair(chain(2, sinks=60), the_kit(), 20.0, RepairOptions(share=0.3))
    assert report.buffers > 0 and not report.unrepaired
    assert not any(ref.pin == "ZN" and ref.instance == "s0" for net in made.nets.values() for ref in net.pins)


def test_relief_ends_where_it_gains_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share that takes many rounds: with less patience fewer buffers, and the drivers that are left are named."""
    block, options = chain(2, sinks=60), RepairOptions(share=0.1)
    _, whole = repair(block, the_kit(), 20.0, options)
    monkeypatch.setattr("neutnngen.timing.repair.PATIENCE", 1)
    made, short = repair(block, the_kit(), 20.0, options)
    assert short.buffers < whole.buffers and len(short.unrepaired) > len(whole.unrepaired)
    assert all(PinRef(*driver.split("/")) in {ref for net in made.nets.values() for ref in net.pins} for driver in short.unrepaired)


def test_early_data_is_delayed_where_setup_leaves_room() -> None:
    block = chain(1)
    # the clock of the second register comes late: a chain of buffers in front of it
    from neutnngen.place_route.block import Instance, Net

    block.nets["clk"].pins.remove(PinRef("f1", "CK"))
    source = block.nets["clk"]
    for k in range(6):
        block.instances[f"c{k}"] = Instance(f"c{k}", "CLKBUF_X1", 4000 * k, 2800, "N", placed=True, kind="clock")
        source.pins.append(PinRef(f"c{k}", "A"))
        source = block.nets[f"late{k}"] = Net(f"late{k}", "clock", [PinRef(f"c{k}", "Z")])
    source.pins.append(PinRef("f1", "CK"))
    before = analyse(block, the_kit(), 2.0)
    assert before.hold_slack < 0 and before.hold_path[-1].pin == "f1/D" and before.skew > 0.1
    made, report = repair(block, the_kit(), 2.0)
    assert report.hold_buffers > 0 and report.hold_after >= 0 and not report.unrepaired
    assert analyse(made, the_kit(), 2.0).hold_slack == pytest.approx(report.hold_after)
    same_function(block, made)
    # no room: the pin is named and nothing is added
    _, tight = repair(block, the_kit(), 0.2, RepairOptions(setup_margin=10.0, rounds=0))
    assert tight.hold_buffers == 0 and tight.unrepaired == ("f1/D",)


def test_weights_grow_with_criticality() -> None:
    engine = make_engine(chain(20), the_kit(), 0.3)
    engine.update()
    weights = net_weights(engine)
    assert weights["n5"] > 3 and "out" not in weights
    kept = net_weights(engine, {})
    assert 1 < kept["n5"] < weights["n5"]
    assert weights_by_timing(chain(20), the_kit(), 0.3) == weights
    assert weights_by_timing(chain(20), the_kit(), 5.0) == {}


def test_refusals() -> None:
    with pytest.raises(ConfigError, match="share"):
        RepairOptions(share=0.0)


def test_a_gate_on_a_long_wire_gets_a_buffer_beside_it() -> None:
    """A third of a millimetre to the one sink of each: no gate is strong enough, and there is no half of the sinks to take over."""
    kit = the_kit()
    block = chain(3, step=660_000)

    def slow(of: Block) -> set[PinRef]:
        engine = make_engine(of, kit, 20.0)
        engine.update()
        slews, loads = engine.violations(0.4)
        return {engine.graph.ref(node) for node, *_ in (*slews, *loads)} & {PinRef(f"u{k}", "A") for k in range(3)}

    assert len(slow(block)) > 1
    made, report = repair(block, kit, 20.0, RepairOptions(share=0.4))
    assert report.buffers > 0 and not slow(made)
    same_function(block, made)

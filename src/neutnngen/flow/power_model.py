"""What OpenSTA needs so that power rests on measured activity alone.

OpenSTA 2.0 propagates activity from input ports through all gates that they reach, over what was set at the pins; it does not propagate
through registers. So for power, every data input is driven by a register and an inverter instead of a port: then the activity of every
pin is the one that was set. The power of these additions is left out of every sum.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

from neutnngen.errors import ConfigError
from neutnngen.pdk.technology import Kit
from neutnngen.place_route.block import Block, Instance, Net, PinRef, Port
from neutnngen.place_route.extract import Parasitics
from neutnngen.tools.opensta import Power, total_power
from neutnngen.verify import Activity, NetActivity

PREFIX = "power_harness_"
CLOCK_TOGGLES = 2.0


@dataclass(frozen=True)
class Harness:
    """block: with driven inputs. moved: port to the pin that drives its net instead. clock, harness_clock: ports."""

    block: Block
    moved: Mapping[str, PinRef]
    clock: str
    harness_clock: str


def clock_port(block: Block) -> str:
    """Name of the one input port whose net is a clock. ConfigError if there is none or several."""
    names = [port.name for port in block.ports.values() if port.direction == "input" and block.nets[port.net].use == "clock"]
    if len(names) != 1:
        raise ConfigError("the block must have one clock port", got=", ".join(names) or "none", allowed="one")
    return names[0]


def drive_inputs(block: Block, kit: Kit) -> Harness:
    """The block with a register and the kit's driving cell at every data input."""
    made = block.copy()
    clock = clock_port(block)
    flop, inverter = kit.cells[kit.roles.flop], kit.cells[kit.roles.driving_cell]
    trigger = next(pin.name for pin in flop.pins.values() if pin.is_clock)
    out = next(pin.name for pin in flop.pins.values() if pin.direction == "output")
    entry = next(pin.name for pin in inverter.pins.values() if pin.direction == "input")
    exit_ = next(pin.name for pin in inverter.pins.values() if pin.direction == "output")
    second_clock = f"{PREFIX}clk"
    clock_net = Net(second_clock, "clock", [PinRef(None, second_clock)])
    made.ports[second_clock] = Port(second_clock, "input", second_clock)
    made.nets[second_clock] = clock_net
    moved: dict[str, PinRef] = {}
    inputs = [port for port in block.ports.values() if port.direction == "input" and port.name != clock]
    for number, port in enumerate(inputs):
        if block.nets[port.net].use in ("power", "ground"):
            continue
        register, driver = f"{PREFIX}register_{number}", f"{PREFIX}driver_{number}"
        made.instances[register] = Instance(register, flop.name)
        made.instances[driver] = Instance(driver, inverter.name)
        between = f"{PREFIX}net_{number}"
        made.nets[between] = Net(between, "signal", [PinRef(register, out), PinRef(driver, entry)])
        clock_net.pins.append(PinRef(register, trigger))
        moved[port.name] = PinRef(driver, exit_)
        net = made.nets[port.net]
        net.pins = [moved[port.name] if ref == PinRef(None, port.name) else ref for ref in net.pins]
        del made.ports[port.name]
    return Harness(made, moved, clock, second_clock)


def move_parasitics(parasitics: Parasitics, harness: Harness) -> Parasitics:
    """The networks of the block with those nodes that were ports at the pins that replace them."""

    def move(node: PinRef | int) -> PinRef | int:
        return harness.moved.get(node.pin, node) if isinstance(node, PinRef) and node.instance is None else node

    nets = {name: dataclasses.replace(net, nodes=tuple(move(node) for node in net.nodes)) for name, net in parasitics.nets.items()}
    return dataclasses.replace(parasitics, nets=nets)


@dataclass(frozen=True)
class PinActivity:
    """table: pin ("instance/pin") to activity, for all connected pins. unknown: nets of the block without a measured activity."""

    table: Mapping[str, NetActivity]
    unknown: tuple[str, ...]


def _spellings(net: str, ports: list[str], block: Block) -> list[str]:
    """Names under which a simulation may know a net: its own, its ports', the writer's other name, a bus of one bit without range."""
    names = [net, *ports, f"{net}_net"]
    return names + [base for name in names if (base := name.removesuffix("[0]")) not in block.nets]


def pin_activity(harness: Harness, kit: Kit, activity: Activity) -> PinActivity:
    """Measured activity of nets at the pins. Pins of the harness alone rest, its clock excepted.

    An output that is not connected (the inverted one of most registers) switches as the cell's connected output does.
    """
    ports: dict[str, list[str]] = {}
    for name, port in harness.block.ports.items():
        ports.setdefault(port.net, []).append(name)
    table: dict[str, NetActivity] = {}
    unknown: list[str] = []
    for net in harness.block.nets.values():
        if net.use in ("power", "ground"):
            continue
        if net.name == harness.harness_clock:
            known: NetActivity | None = NetActivity(CLOCK_TOGGLES, 0.5)
        elif net.name.startswith(PREFIX):
            known = NetActivity(0.0, 0.5)
        else:
            known = next(
                (activity[name] for name in _spellings(net.name, ports.get(net.name, []), harness.block) if name in activity), None
            )
        if known is None:
            unknown.append(net.name)
            continue
        table |= {f"{ref.instance}/{ref.pin}": known for ref in net.pins if ref.instance is not None}
    for instance in harness.block.instances.values():
        if instance.master not in kit.cells:
            continue  # a physical cell
        outputs = [f"{instance.name}/{pin.name}" for pin in kit.cells[instance.master].pins.values() if pin.direction == "output"]
        known = next((table[pin] for pin in outputs if pin in table), None)
        if known is not None:
            table |= {pin: known for pin in outputs if pin not in table}
    return PinActivity(table, tuple(unknown))


def group_power(block: Block, kit: Kit, powers: Mapping[str, Power]) -> dict[str, Power]:
    """Power by group: clock tree, registers, combinational, buffers, ties, and physical cells (leakage only). The harness is left out."""
    groups: dict[str, list[Power]] = {name: [] for name in ("clock tree", "registers", "combinational", "buffers", "ties", "physical")}
    for instance in block.instances.values():
        cell = kit.cells.get(instance.master)
        if cell is None or instance.kind in ("tap", "filler", "antenna"):
            groups["physical"].append(Power(leakage=0.0 if cell is None else cell.leakage * 1e-9))
            continue
        named = {"clock": "clock tree", "buffer": "buffers", "tie": "ties"}.get(instance.kind)
        groups[named or ("registers" if cell.sequential else "combinational")].append(powers[instance.name])
    return {name: total_power(members) for name, members in groups.items()}

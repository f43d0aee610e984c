"""Ports in the user's order, evenly or near their cells, and many of them."""

from __future__ import annotations

from time import perf_counter

import numpy as np
import pytest
from netlist_block import shift_register, the_kit

from neutnngen.errors import ConfigError
from neutnngen.place_route import pin_placement
from neutnngen.place_route.block import Block
from neutnngen.place_route.floorplan import make_floorplan
from neutnngen.place_route.pin_placement import place_ports


def middle(block: Block, name: str) -> tuple[float, float]:
    rect = block.ports[name].rect
    assert rect is not None
    return (rect.x0 + rect.x1) / 2, (rect.y0 + rect.y1) / 2


@pytest.mark.parametrize("even", [False, True])
def test_ports_keep_the_order_that_is_given(even: bool) -> None:
    kit = the_kit()
    names = [f"q[{i}]" for i in (3, 0, 7, 1, 5)]
    block, _ = make_floorplan(shift_register(40, outputs=8), kit)
    made = place_ports(block, kit, order={"left": names, "top": ["clk"]}, even=even)
    heights = [middle(made, name)[1] for name in names]
    assert heights == sorted(heights) and all(made.ports[name].rect.x0 == made.die.x0 for name in names)  # type: ignore[union-attr]
    assert made.ports["clk"].rect.y1 == made.die.y1  # type: ignore[union-attr]
    rects = [port.rect for port in made.ports.values()]
    assert len(set(rects)) == len(rects) and None not in rects
    if even:
        steps = np.diff(heights)
        assert steps.max() - steps.min() <= 2 * 3 * kit.technology.layers[kit.pin_layers[0]].pitch
        assert sum(heights) / 5 == pytest.approx((made.core.y0 + made.core.y1) / 2, rel=0.05)


def test_ordered_ports_lie_near_their_cells() -> None:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(40, outputs=4), kit)
    for instance in block.instances.values():
        instance.x, instance.y, instance.placed = block.core.x0, block.core.y1 - 2800, True
    made = place_ports(block, kit, order={"left": ["q[0]", "q[1]", "q[2]", "q[3]"]})
    assert all(middle(made, f"q[{i}]")[1] > made.core.y1 - 8000 for i in range(4))


def test_refused_orders() -> None:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(4), kit)
    with pytest.raises(ConfigError, match="two places"):
        place_ports(block, kit, order={"left": ["clk"], "top": ["clk"]})
    with pytest.raises(ConfigError, match="two places"):
        place_ports(block, kit, {"clk": "right"}, order={"left": ["clk"]})
    with pytest.raises(ConfigError, match="lacks"):
        place_ports(block, kit, order={"left": ["clock"]})
    with pytest.raises(ConfigError, match="unknown side"):
        place_ports(block, kit, order={"west": ["clk"]})  # type: ignore[dict-item]


def test_many_ports_cost_little_more_than_the_best_assignment(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = the_kit()
    block, _ = make_floorplan(shift_register(300, outputs=300), kit)
    random = np.random.default_rng(5)
    for instance in block.instances.values():
        instance.x = int(random.integers(block.core.x0, block.core.x1))
        instance.y = int(random.integers(block.core.y0, block.core.y1))
        instance.placed = True
    wanted = {name: pin_placement._wanted(block, kit, port) for name, port in block.ports.items()}

    def cost(made: Block) -> float:
        return sum(abs(middle(made, n)[0] - w[0]) + abs(middle(made, n)[1] - w[1]) for n, w in wanted.items() if w is not None)

    best = place_ports(block, kit)
    monkeypatch.setattr(pin_placement, "MANY_PORTS", 50)
    begun = perf_counter()
    near = place_ports(block, kit)
    assert perf_counter() - begun < 5
    rects = [port.rect for port in near.ports.values()]
    assert len(set(rects)) == len(rects) and None not in rects
    assert cost(best) <= cost(near) < 1.15 * cost(best)

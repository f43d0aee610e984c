"""The reference engine: plain Python integers, column by column and clock by clock, written to be read, the judge of all others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neutnngen.core.draws import draw_voter
from neutnngen.core.lines import lines_read, most_votes, only_line, outputs_read
from neutnngen.engine.checks import Waves
from neutnngen.engine.protocol import Engine, Result, Session
from neutnngen.engine.reference_column import ColumnState, run_wave
from neutnngen.spec import NO_SPIKE, Design, LayerState, NetworkState, VoterSpec, VoterState


class _Voter:
    """Rules R10 and R14, one line and one class at a time."""

    def __init__(self, spec: VoterSpec, state: VoterState) -> None:
        self.spec = spec
        self.weights: list[list[int]] = state.weights.tolist()
        self.mask: list[list[bool]] = state.mask.tolist()
        self.lfsr = int(state.lfsr)

    def state(self) -> VoterState:
        shape = (len(self.weights), self.spec.rows)
        return VoterState(
            np.array(self.weights, dtype=np.uint8).reshape(shape),
            np.array(self.mask, dtype=bool).reshape(shape),
            np.uint64(self.lfsr),  # type: ignore[arg-type]
        )

    def voted(self, line: int) -> list[bool]:
        """For every class, whether the line would vote for it; a pruned synapse cannot."""
        top, bottom = self.spec.fraction
        row, there = self.weights[line], self.mask[line]
        largest = max((w for w, exists in zip(row, there, strict=True) if exists), default=0)
        return [exists and w * bottom >= largest * top for w, exists in zip(row, there, strict=True)]

    def run(self, times: list[int], label: int | None) -> list[int]:
        """Votes or strengths of one wave, which is a learning one if there is a label."""
        spiking = [line for line, t in enumerate(times) if t != NO_SPIKE]
        if self.spec.read == "potential":
            return self.compare(spiking, label)
        ballots = {line: self.voted(line) for line in spiking}
        votes = [sum(ballots[line][c] for line in spiking) for c in range(self.spec.classes)]
        if label is not None:
            sets, self.lfsr = draw_voter(self.lfsr, self.spec, len(times))
            for line in spiking:
                for c in range(self.spec.classes):
                    if self.mask[line][c]:
                        number = {"column": 0, "line": line, "synapse": line * self.spec.classes + c}[self.spec.sharing]
                        bits, w = sets[number], self.weights[line][c]
                        voted, voted_right = ballots[line][c], ballots[line][label]
                        if voted and c == label:
                            change = int(bits.capture and (bits.minimum or bits.up[w]))
                        elif voted and not voted_right:
                            change = -int(bits.minus)  # backoff_simple
                        elif voted or voted_right:
                            change = -int(bits.backoff and (bits.minimum or bits.down[w]))
                        else:
                            change = int(bits.search)
                        self.weights[line][c] = min(max(w + change, 0), self.spec.w_max)
        return votes

    def compare(self, spiking: list[int], label: int | None) -> list[int]:
        """Rule R14."""
        classes, segments = range(self.spec.classes), self.spec.segments
        potential = [sum(self.weights[line][row] for line in spiking) for row in range(self.spec.rows)]
        best = [max(range(c * segments, (c + 1) * segments), key=lambda row: potential[row]) for c in classes]  # the first of equal ones
        strength = [potential[row] for row in best]
        others = [c for c in classes if c != label]
        if label is None or not others:
            return strength
        rival = max(others, key=lambda c: strength[c])
        if strength[label] - strength[rival] < self.spec.margin:
            for row, change in ((best[label], 1), (best[rival], -1)):
                for line in spiking:
                    if self.mask[line][row]:
                        self.weights[line][row] = min(max(self.weights[line][row] + change, 0), self.spec.w_max)
        return strength


class _ReferenceSession(Session):
    def __init__(self, design: Design) -> None:
        super().__init__(design)
        self._layers = [
            [
                ColumnState(
                    state.distal[c].copy(),
                    state.proximal[c].copy(),
                    state.distal_mask[c].copy(),
                    state.proximal_mask[c].copy(),
                    int(state.lfsr[c]),
                    state.bias[c].copy(),
                    int(state.learned),
                )
                for c in range(layer.columns)
            ]
            for layer, state in zip(design.network.layers, design.state.layers, strict=True)
        ]
        voter = design.network.voter
        self._voter = None if voter is None or design.state.voter is None else _Voter(voter, design.state.voter)

    def state(self) -> NetworkState:
        layers = []
        for before, columns in zip(self._opened.state.layers, self._layers, strict=True):
            layers.append(
                LayerState(
                    np.stack([c.distal for c in columns]),
                    before.distal_mask,
                    np.stack([c.proximal for c in columns]),
                    before.proximal_mask,
                    np.array([c.lfsr for c in columns], dtype=np.uint64),
                    np.stack([c.bias for c in columns]),
                    np.array(columns[0].learned, dtype=np.int64),
                )
            )
        return NetworkState(tuple(layers), None if self._voter is None else self._voter.state())

    def _run(self, waves: Waves, keep_layers: bool) -> Result:
        network, count = self.network, len(waves)
        kept = [np.full((count, layer.lines), NO_SPIKE, dtype=np.uint8) for layer in network.layers]
        votes = None if network.voter is None else np.zeros((count, network.voter.classes), dtype=np.int32)
        for n in range(count):
            times = [waves.times[n]]
            for number, layer in enumerate(network.layers):
                seen = lines_read(network, times, layer.column.t_in_max)
                times.append(self._run_layer(waves, n, number, seen))
                kept[number][n] = times[-1]
            if votes is not None and network.voter is not None and self._voter is not None:
                seen = outputs_read(network, times[1:], network.voter.t_in_max)
                label = int(waves.labels[n]) if waves.learn[n, -1] and waves.labels is not None else None
                votes[n] = self._voter.run(seen.tolist(), label)
        outputs = np.concatenate([kept[number] for number in network.output_layers], axis=1)
        return Result(outputs, only_line(outputs) if votes is None else most_votes(votes), votes, tuple(kept) if keep_layers else None)

    def _run_layer(self, waves: Waves, n: int, number: int, seen: NDArray[np.uint8]) -> NDArray[np.uint8]:
        layer = self.network.layers[number]
        near = None if layer.proximal_wiring is None else layer.proximal_wiring.table()
        found = []
        for c, (state, lines) in enumerate(zip(self._layers[number], layer.wiring.table(), strict=True)):
            result = run_wave(
                layer.column,
                state,
                seen[lines],
                proximal=None if near is None else seen[near[c]],
                enable=waves.enable[n] if waves.enable is not None and layer.column.proximal.mode == "enable" else None,
                learn=bool(waves.learn[n, number]),
                label=None if waves.labels is None else int(waves.labels[n]),
            )
            found.append(result.outputs)
        return np.concatenate(found)


class ReferenceEngine(Engine):
    """See the module's docstring."""

    name = "reference"

    def open(self, design: Design) -> Session:
        return _ReferenceSession(design)

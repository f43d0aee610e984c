"""A column of neurons with active dendrites as a PyTorch module (rules G, D, P, N, C)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neutnngen.core.dendrite import Groups, compete, segment_times
from neutnngen.core.draws import draw_wave
from neutnngen.core.lfsr import ColumnBits
from neutnngen.core.response import unary_potentials
from neutnngen.errors import ConfigError
from neutnngen.spec import NO_SPIKE, DendriticColumnSpec


class DendriticColumn(nn.Module):
    """``spec.neurons`` neurons with active dendrites on ``spec.inputs`` distal lines.

    In training mode waves are taken one after another with learning after each; in evaluation mode together, and nothing changes (R11).
    Buffers: ``distal`` and ``proximal`` weights (shapes of the specification) uint8, their masks bool, ``lfsr_state`` and ``learned`` ()
    int64, ``bias`` (neuron, dendrite, segment) int64.
    """

    distal: Tensor
    proximal: Tensor
    distal_mask: Tensor
    proximal_mask: Tensor
    lfsr_state: Tensor
    learned: Tensor
    bias: Tensor

    def __init__(self, spec: DendriticColumnSpec, distal: Tensor | None = None, proximal: Tensor | None = None) -> None:
        super().__init__()
        self.spec = spec
        for name, shape, given in (("distal", spec.distal_shape, distal), ("proximal", spec.proximal_shape, proximal)):
            if given is not None and tuple(given.shape) != tuple(shape):
                raise ConfigError(f"the {name} weights have the wrong shape", got=tuple(given.shape), allowed=shape)
            self.register_buffer(name, torch.zeros(shape, dtype=torch.uint8) if given is None else given.to(torch.uint8).clone())
            self.register_buffer(f"{name}_mask", torch.ones(shape, dtype=torch.bool))
        self.register_buffer("lfsr_state", torch.tensor(spec.lfsr.seed, dtype=torch.int64))
        self.register_buffer("learned", torch.tensor(0, dtype=torch.int64))
        self.register_buffer("bias", torch.zeros(spec.distal_shape[:3], dtype=torch.int64))

    def forward(self, distal: Tensor, proximal: Tensor | None = None, enable: Tensor | None = None, label: Tensor | None = None) -> Tensor:
        """distal: (batch, input) uint8 times; where the specification asks for them, proximal: (batch, line) times, enable: (batch, neuron)
        bool, label: (batch,) integers. Returns (batch, line out) uint8 times after inhibition."""
        self._check(distal, proximal, enable)
        if not self.training:
            return self._respond(distal, proximal, enable)[0]
        if self.spec.reward and label is None:
            raise ConfigError("a rewarded column needs the labels of learning waves (rule R9)")
        results = []
        for n in range(distal.shape[0]):
            one = slice(n, n + 1)
            on = None if enable is None else enable[one]
            near = None if proximal is None else proximal[one]
            output, dendrites, somas = self._respond(distal[one], near, on)
            self._learn(distal[one], near, on, output, dendrites, somas, None if label is None else int(label[n]))
            results.append(output)
        return torch.cat(results) if results else self._respond(distal, proximal, enable)[0]

    def _check(self, distal: Tensor, proximal: Tensor | None, enable: Tensor | None) -> None:
        spec = self.spec
        for name, tensor, length in (
            ("distal input", distal, spec.inputs),
            ("proximal input", proximal, spec.proximal.inputs),
            ("enable", enable, spec.neurons if spec.proximal.mode == "enable" else 0),
        ):
            shape = None if tensor is None else tuple(tensor.shape)
            if shape != ((distal.shape[0], length) if length else None):
                raise ConfigError(f"the {name} has the wrong shape", got=shape, allowed=f"(batch, {length})" if length else "none at all")

    def _respond(self, distal: Tensor, proximal: Tensor | None, enable: Tensor | None) -> tuple[Tensor, Groups, Groups | None]:
        spec, batch = self.spec, distal.shape[0]
        potential = unary_potentials(distal, self.distal.flatten(0, 2), spec.horizon, spec.w_max, spec.response)
        if spec.proximal.mode == "sum" and proximal is not None:  # P1
            rows = self.proximal.flatten(0, 2)
            potential = potential + unary_potentials(proximal, rows, spec.horizon, spec.proximal_w_max, spec.response)
        potential = potential.reshape(batch, *spec.distal_shape[:3], spec.horizon)
        if enable is not None:  # P2: a disabled neuron sees nothing
            potential = potential * enable.to(potential.dtype)[:, :, None, None, None]
        dendrites = compete(potential, spec.threshold + self.bias, spec.tie)  # (batch, neuron, dendrite)
        first = dendrites.time.argmin(dim=2, keepdim=True)  # N1; argmin takes the lowest of equal ones
        times = dendrites.time.gather(2, first).squeeze(2)
        levels = dendrites.level.gather(2, first).squeeze(2)
        somas = None
        if spec.proximal.mode == "soma" and proximal is not None:
            rows = unary_potentials(proximal, self.proximal.flatten(0, 1), spec.horizon, spec.proximal_w_max, spec.response)
            rows = rows.reshape(batch, *spec.proximal_shape[:2], spec.horizon)
            somas = compete(rows, torch.full(spec.proximal_shape[:2], spec.proximal.threshold), spec.tie)
            times, levels = self._soma(somas.time, times)
        if spec.output == "segments":
            outputs = torch.full((batch, spec.segments), NO_SPIKE)
            winner, time = dendrites.winner[:, 0, 0], dendrites.time[:, 0, 0]
            return torch.where(torch.arange(spec.segments) == winner[:, None], time[:, None], outputs).to(torch.uint8), dendrites, somas
        return self._inhibit(times, levels).to(torch.uint8), dendrites, somas

    def _soma(self, y_proximal: Tensor, y_distal: Tensor) -> tuple[Tensor, Tensor]:
        """P3: time and level of every soma, (batch, neuron)."""
        p, clocks = self.spec.proximal, torch.arange(self.spec.last_time + 1)

        def ramp(y: Tensor, w: int) -> Tensor:
            return torch.where(y.unsqueeze(-1) == NO_SPIKE, 0, (clocks - y.unsqueeze(-1) + 1).clamp(0, w))

        level = ramp(y_proximal, p.weight_proximal) + ramp(y_distal, p.weight_distal)
        reached = (level >= p.soma_threshold) & (y_proximal != NO_SPIKE).unsqueeze(-1)
        time = reached.to(torch.uint8).argmax(dim=-1)
        fired = reached.any(dim=-1)
        at = level.gather(-1, time.unsqueeze(-1)).squeeze(-1)
        return torch.where(fired, time, NO_SPIKE), torch.where(fired, at, 0)

    def _inhibit(self, times: Tensor, levels: Tensor) -> Tensor:
        """Rule C1 on (batch, neuron)."""
        spec = self.spec
        index = torch.arange(spec.neurons)
        if spec.inhibition == "k_earliest":
            order = (times * spec.neurons + index).argsort(dim=1)
            passes = torch.zeros_like(times, dtype=torch.bool).scatter_(1, order[:, : spec.k], True)
        else:
            passes = times == times.min(dim=1, keepdim=True).values
            if spec.inhibition == "one_largest_potential":
                best = torch.where(passes, levels, -1)
                passes = best == best.max(dim=1, keepdim=True).values
            if spec.inhibition != "all_earliest":
                passes = index == passes.to(torch.uint8).argmax(dim=1, keepdim=True)
        return torch.where(passes, times, NO_SPIKE)

    def _learn(
        self,
        distal: Tensor,
        proximal: Tensor | None,
        enable: Tensor | None,
        output: Tensor,
        dendrites: Groups,
        somas: Groups | None,
        label: int | None,
    ) -> None:
        """Rules R1…R9, R12 after one wave; every dendrite learns from its own winner (D2)."""
        spec = self.spec
        reward = None
        if spec.reward:
            fired = (output[0] != NO_SPIKE).nonzero()
            reward = 0 if not len(fired) else 1 if int(fired[0]) == label else -1
        sets, state = draw_wave(int(self.lfsr_state), spec)
        active = torch.ones(spec.neurons, dtype=torch.bool) if enable is None else enable[0].to(torch.bool)
        y = segment_times(dendrites, spec.segments)[0]  # (neuron, dendrite, segment)
        off = spec.inputs if spec.sharing == "line" else self.distal.numel()
        moved = self._moved(self.distal, distal[0], y, spec.w_max, [s[0] for s in sets], 0, reward)
        self.distal = torch.where(self.distal_mask & active[:, None, None, None], moved, self.distal)
        if proximal is not None:
            target = y if somas is None else segment_times(somas, spec.proximal.segments)[0]
            moved = self._moved(self.proximal, proximal[0], target, spec.proximal_w_max, [s[1] for s in sets], off, reward)
            self.proximal = torch.where(self.proximal_mask, moved, self.proximal)
        self.lfsr_state.fill_(state)
        self.learned += 1
        rule = spec.homeostasis
        if rule is not None:
            bias = self.bias + rule.alpha * (y != NO_SPIKE)
            if int(self.learned) % (1 << rule.period) == 0:
                bias = bias - rule.beta
            self.bias = bias.clamp(0, rule.limit)

    def _moved(self, weights: Tensor, x: Tensor, y: Tensor, w_max: int, sets: list[ColumnBits], first: int, reward: int | None) -> Tensor:
        """Weights after the wave as if every synapse existed. x: (line,); y: one time per row of weights."""
        sharing = self.spec.sharing
        if sharing == "column":
            number = torch.zeros(1, dtype=torch.int64)
        elif sharing == "line":
            number = first + torch.arange(weights.shape[-1])
        else:
            number = first + torch.arange(weights.numel()).reshape(weights.shape)
        rules = torch.tensor([bits[:5] for bits in sets])[number]  # (…, 5)
        capture, minus, search, backoff, minimum = rules.unbind(-1)
        number, level = number.expand(weights.shape), weights.to(torch.int64)
        up = minimum | torch.tensor([bits.up for bits in sets])[number, level]
        down = minimum | torch.tensor([bits.down for bits in sets])[number, level]
        spiked, fired = x != NO_SPIKE, (y != NO_SPIKE).unsqueeze(-1)
        early = spiked & fired & (x <= y.unsqueeze(-1))
        late = spiked & fired & ~early
        change = torch.zeros(weights.shape, dtype=torch.int16)
        if reward in (None, 1):
            change += (early & capture & up).to(torch.int16)  # R1
            change -= ((late & minus & down) | (~spiked & fired & backoff & down)).to(torch.int16)  # R2, R4
        elif reward == -1:
            change -= (early & backoff & down).to(torch.int16)  # R9
        if reward in (None, 0, -1):
            change += (spiked & ~fired & search).to(torch.int16)  # R3
        return (weights.to(torch.int16) + change).clamp(0, w_max).to(torch.uint8)

    def extra_repr(self) -> str:
        s = self.spec
        return (
            f"{s.inputs} inputs, {s.neurons} neurons × {s.dendrites} dendrites × {s.segments} segments, threshold={s.threshold}, "
            f"proximal={s.proximal.mode}, inhibition={s.inhibition}, output={s.output}, synapses={int(self.distal_mask.sum())}"
        )

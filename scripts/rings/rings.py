"""From a Design of a classic column to RTL with rings (research): structure only, the leaves do the work."""
from __future__ import annotations
import subprocess, sys
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from neutnngen.rtl.words import constant, limits, stabiliser_kind
from neutnngen.spec import NO_SPIKE, ColumnSpec, Design
from neutnngen.engine import ReferenceEngine
from neutnngen.verify import random_waves

HERE = Path(__file__).resolve().parent
LEAVES = ("full_adder", "ripple_adder", "bit_count", "ring_controller", "drawn_bits", "random_shift", "line_ring", "weight_ring",
          "ring_response", "rule_gates", "weight_update", "potential_ring", "ring_winner")

@dataclass(frozen=True)
class Rings:
    """slots: lines that share a head. members: neurons that share an updater (must divide the neurons)."""
    design: Design
    slots: int = 3
    members: int = 2

    @property
    def column(self) -> ColumnSpec: return self.design.column
    @property
    def groups(self) -> int: return -(-self.column.inputs // self.slots)
    @property
    def rings(self) -> int: return self.column.neurons // self.members
    @property
    def units(self) -> int:
        return self.members * -(-(max(self.column.horizon, self.column.draws) + self.members) // self.members)
    @property
    def clocks(self) -> int: return self.units * self.slots
    @property
    def heads(self) -> int: return self.groups * self.rings
    @property
    def places(self) -> int: return self.slots * self.members
    @property
    def chain_bits(self) -> int: return self.column.w_res * self.heads * self.places
    @property
    def width(self) -> int:
        c = self.column
        return max((c.threshold - 1).bit_length(), (c.inputs - 1).bit_length()) + 1

    def word(self, clock: int) -> tuple[int, int]:
        """(member, slot) of the weights at the last heads in a clock of the scan."""
        unit, slot = divmod(clock % self.places, self.slots)
        return (self.members - 1 - unit) % self.members, slot

    def positions(self):
        """Bit of the scan image -> (neuron, input, bit); None where there is no such line."""
        w, c = self.column.w_res, self.column
        for n in range(self.chain_bits):
            turn, place = divmod(n, self.places)
            head, bit = divmod(w * self.heads - 1 - turn, w)
            ring, group = divmod(head, self.groups)
            member, slot = self.word(place)
            i = group * self.slots + slot
            yield (ring * self.members + member, i, bit) if i < c.inputs else None

    def image(self, weights) -> list[int]:
        return [0 if at is None else int(weights[at[0], at[1]]) >> at[2] & 1 for at in self.positions()]

    def weights(self, bits) -> np.ndarray:
        out = np.zeros(self.design.weights.shape, np.uint8)
        for at, bit in zip(self.positions(), bits, strict=True):
            if at is not None: out[at[0], at[1]] |= int(bit) << at[2]
        return out

    def top(self) -> str:
        d, c, R, M, G, B = self.design, self.column, self.slots, self.members, self.groups, self.rings
        p, q, W = c.inputs, c.neurons, c.w_res
        L = 1 << W
        up, down = c.stdp.stabiliser_table(c.w_max)
        s = c.stdp
        cw = (self.units - 1).bit_length()
        o = [f"// Column {d.name} with rings: {p} inputs, {q} neurons; {R} lines take turns, {M} neurons share an updater. A wave is {self.units} unit clocks of {R} clocks."]
        o += [f"module {d.name} (", "    input  wire clk,", "    input  wire rst,", "    input  wire learn,", f"    input  wire [{p-1}:0] spike_in,",
              f"    output wire [{q-1}:0] spike_out,", "    output wire wave_last,", "    input  wire weight_shift,", "    input  wire weight_in,", "    output wire weight_out", ");"]
        o += [f"    wire [{cw-1}:0] count;", f"    wire [{R-1}:0] slot;", f"    wire [{M-1}:0] turn;",
              "    wire unit_end, final_unit, clear, draw, update, decided;", "    wire capture, minus, search, backoff, minimum;",
              f"    wire [{L-1}:0] stabilise_up, stabilise_down;", f"    wire [{q-1}:0] fire;", f"    wire [{B-1}:0] win, early_on, late_on, silent_on;",
              f"    wire [{self.heads}:0] chain;", "    assign chain[0] = weight_in;", f"    assign weight_out = chain[{self.heads}];"]
        o += [f"    ring_controller #(.UNITS({self.units}), .SLOTS({R}), .MEMBERS({M}), .DRAWS({c.draws}), .COUNT_W({cw})) controller (",
              "        .clk(clk), .rst(rst), .shift(weight_shift), .learn(learn), .count(count), .slot(slot), .turn(turn), .unit_end(unit_end),",
              "        .final_unit(final_unit), .last(wave_last), .clear(clear), .draw(draw), .update(update));"]
        o += [f"    random_shift #(.STATE_W({c.lfsr.width}), .TAPS({constant(sum(1 << (t-1) for t in c.lfsr.taps), c.lfsr.width)}), .SEED({constant(d.lfsr_state, c.lfsr.width)}),",
              f"        .LEVELS({L}), .COUNT_W({cw}), .SAME({int(up == down)}), .RULE_LIMITS({limits((s.mu_capture, s.mu_minus, s.mu_search, s.mu_backoff, s.mu_min))}),",
              f"        .UP_LIMITS({limits(up)}), .DOWN_LIMITS({limits(down)})) random (",
              "        .clk(clk), .rst(rst), .draw(draw), .count(count), .capture(capture), .minus(minus), .search(search),",
              "        .backoff(backoff), .minimum(minimum), .stabilise_up(stabilise_up), .stabilise_down(stabilise_down));"]
        o += [f"    ring_winner #(.RINGS({B}), .MEMBERS({M})) inhibition (.clk(clk), .clear(clear), .unit_end(unit_end), .turn(turn), .fire(fire),",
              "        .winner(spike_out), .decided(decided), .win(win));"]
        for b in range(B):
            o += [f"    wire [{L-1}:0] levels_up_{b}, levels_down_{b};", f"    rule_gates #(.LEVELS({L})) gates_{b} (.update(update), .win(win[{b}]), .capture(capture), .minus(minus), .search(search),",
                  f"        .backoff(backoff), .minimum(minimum), .stabilise_up(stabilise_up), .stabilise_down(stabilise_down), .early_on(early_on[{b}]),",
                  f"        .late_on(late_on[{b}]), .silent_on(silent_on[{b}]), .levels_up(levels_up_{b}), .levels_down(levels_down_{b}));"]
        for g in range(G):
            lines = [f"spike_in[{g*R+r}]" if g*R+r < p else "1'b0" for r in reversed(range(R))]
            o += [f"    wire [{W-1}:0] remaining_{g};", f"    wire arrived_{g}, driving_{g}, early_{g};",
                  f"    line_ring #(.SLOTS({R}), .AGE_W({W})) line_{g} (.clk(clk), .clear(final_unit | weight_shift | rst), .decided(decided), .slot(slot),",
                  f"        .spike({{{', '.join(lines)}}}), .remaining(remaining_{g}), .arrived(arrived_{g}), .driving(driving_{g}), .early(early_{g}));"]
        for b in range(B):
            for k in range(M): o += [f"    wire [{G-1}:0] terms_{b}_{k};"]
            for g in range(G):
                h = b*G+g
                o += [f"    wire [{M*W-1}:0] heads_{b}_{g};", f"    wire [{W-1}:0] back_{b}_{g};",
                      f"    weight_ring #(.SLOTS({R}), .MEMBERS({M}), .WEIGHT_W({W})) ring_{b}_{g} (.clk(clk), .back(back_{b}_{g}), .heads(heads_{b}_{g}));",
                      f"    weight_update #(.WEIGHT_W({W}), .SAME({int(up[1:-1]==down[1:-1])})) update_{b}_{g} (.weight(heads_{b}_{g}[{(M-1)*W}+:{W}]), .shift(weight_shift), .scan_in(chain[{h}]),",
                      f"        .win(win[{b}]), .arrived(arrived_{g}), .early(early_{g}), .early_on(early_on[{b}]), .late_on(late_on[{b}]), .silent_on(silent_on[{b}]),",
                      f"        .levels_up(levels_up_{b}), .levels_down(levels_down_{b}), .back(back_{b}_{g}));",
                      f"    assign chain[{h+1}] = heads_{b}_{g}[{M*W-1}];"]
                for k in range(M):
                    o += [f"    ring_response #(.WEIGHT_W({W})) response_{b}_{g}_{k} (.driving(driving_{g}), .weight(heads_{b}_{g}[{k*W}+:{W}]), .remaining(remaining_{g}), .contribution(terms_{b}_{k}[{g}]));"]
            o += [f"    potential_ring #(.MEMBERS({M}), .TERMS({G}), .WIDTH({self.width}), .THRESHOLD({c.threshold})) potentials_{b} (.clk(clk), .clear(clear), .unit_end(unit_end),",
                  f"        .terms({{{', '.join(f'terms_{b}_{k}' for k in reversed(range(M)))}}}), .fire(fire[{b*M}+:{M}]));"]
        return "\n".join(o + ["endmodule", ""])

    def probe(self, j: int, i: int) -> str:
        (b, k), (g, r), W = divmod(j, self.members), divmod(i, self.slots), self.column.w_res
        return f"dut.ring_{b}_{g}.weights[{(k*self.slots + self.slots-1-r)*W}+:{W}]"

    def bench(self, waves: int, gates: bool) -> str:
        c, n = self.column, self.design.name
        probes = ",".join(self.probe(j, i) for j in reversed(range(c.neurons)) for i in reversed(range(c.inputs)))
        state = "dut.random.state" if not gates else "1'b0"
        w = f"wire [{c.neurons*c.inputs*c.w_res-1}:0] weights = {{{probes}}};" if not gates else "wire weights = 1'b0;"
        return f"""`timescale 1ns/1ps
module bench;
    reg clk = 0, rst = 1, learn = 0, weight_shift = 0, weight_in = 0;
    reg [{c.inputs-1}:0] spike_in = 0;
    wire [{c.neurons-1}:0] spike_out; wire wave_last, weight_out;
    {n} dut (.clk(clk), .rst(rst), .learn(learn), .spike_in(spike_in), .spike_out(spike_out), .wave_last(wave_last), .weight_shift(weight_shift), .weight_in(weight_in), .weight_out(weight_out));
    {w}
    always #5 clk = ~clk;
    reg [{c.inputs}:0] stimulus[0:{waves*(c.t_in_max+1)-1}];
    reg image[0:{self.chain_bits-1}];
    reg [{8*c.neurons-1}:0] times; reg [{c.neurons-1}:0] held; reg [{self.chain_bits-1}:0] readback;
    integer file, wave, t, j;
    initial begin
        $readmemh("waves.hex", stimulus); $readmemh("weights.bits", image); file = $fopen("record.txt", "w");
        repeat ({max(8, self.slots+1)}) @(negedge clk);
        rst = 0; weight_shift = 1;
        for (j = 0; j < {self.chain_bits}; j = j + 1) begin weight_in = image[j]; @(negedge clk); end
        weight_shift = 0;
        for (wave = 0; wave < {waves}; wave = wave + 1) begin
            times = {{{c.neurons}{{8'd{NO_SPIKE}}}}}; held = 0;
            for (t = 0; t < {self.clocks}; t = t + 1) begin
                if (t % {self.slots} == 0 && t / {self.slots} <= {c.t_in_max}) {{learn, spike_in}} = stimulus[wave*{c.t_in_max+1}+t/{self.slots}];
                #1;
                if (wave_last !== (t == {self.clocks-1})) $fwrite(file, "error %0d %0d wave_last\\n", wave, t);
                if ((spike_out & held) !== held) $fwrite(file, "error %0d %0d held\\n", wave, t);
                if (t == 0 && spike_out !== 0) $fwrite(file, "error %0d %0d start\\n", wave, t);
                for (j = 0; j < {c.neurons}; j = j + 1) if (spike_out[j] !== held[j]) begin
                    if (t % {self.slots} != 0) $fwrite(file, "error %0d %0d phase\\n", wave, t);
                    times[8*j+:8] = t / {self.slots} - 1;
                end
                held = spike_out;
                @(negedge clk);
            end
            $fwrite(file, "wave %0d %h %h %h\\n", wave, times, {state}, weights);
        end
        weight_shift = 1; spike_in = 0;
        for (j = 0; j < {self.chain_bits}; j = j + 1) begin readback[{self.chain_bits-1}-j] = weight_out; weight_in = weight_out; @(negedge clk); end
        $fwrite(file, "chain %b\\n", readback); $fclose(file); $finish;
    end
endmodule
"""

def write(x, folder: Path, leaves=None) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name in leaves or LEAVES:
        (folder / f"{name}.sv").write_text((HERE / "leaves" / f"{name}.sv").read_text()); paths.append(folder / f"{name}.sv")
    (folder / f"{x.design.name}.sv").write_text(x.top()); paths.append(folder / f"{x.design.name}.sv")
    return paths

def verify(x, sources, folder: Path, waves: int, seed=3, gates=False, quiet=False) -> bool:
    from neutnngen.verify.stimuli import wave_words
    folder.mkdir(parents=True, exist_ok=True)
    d, c = x.design, x.column
    rng = np.random.default_rng(seed)
    inputs = random_waves(c, waves, seed, silent=0.3)
    learn = rng.random(waves) < 0.85
    trace = ReferenceEngine().run(d, inputs, learn, keep_states=True)
    (folder / "waves.hex").write_text("\n".join(wave_words(c, inputs, learn)) + "\n")
    (folder / "weights.bits").write_text("\n".join(map(str, x.image(d.weights))) + "\n")
    (folder / "bench.sv").write_text(x.bench(waves, gates))
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", "sim.vvp", "bench.sv", *map(str, sources)], cwd=folder, check=True, timeout=600)
    subprocess.run(["nice", "vvp", "sim.vvp"], cwd=folder, check=True, timeout=900, stdout=subprocess.DEVNULL)
    rows = (folder / "record.txt").read_text().split("\n")
    bad = [r for r in rows if r.startswith("error")]
    ok = not bad
    if bad: print("  protocol:", bad[:3])
    n = 0
    for r in rows:
        if r.startswith("wave"):
            _, w, t, state, ws = r.split(); w = int(w); n += 1
            times = np.frombuffer(bytes.fromhex(t.zfill(2*c.neurons)), np.uint8)[::-1]
            if not np.array_equal(times, trace.outputs[w]): print("  times differ", w, times, trace.outputs[w]); ok = False; break
            if not gates:
                if int(state, 16) != int(trace.lfsr[w]): print("  lfsr differ", w); ok = False; break
                v = int(ws, 16) if 'x' not in ws else -1
                got = np.array([(v >> (c.w_res*k)) & c.w_max for k in range(c.neurons*c.inputs)], np.uint8).reshape(c.neurons, c.inputs) if v >= 0 else None
                if got is None or not np.array_equal(got, trace.weights[w]): print("  weights differ", w, None if got is None else np.argwhere(got != trace.weights[w])[:5]); ok = False; break
        if r.startswith("chain"):
            if 'x' in r: print("  chain x"); ok = False
            elif not np.array_equal(x.weights([int(b) for b in r.split()[1]]), trace.final.weights): print("  final weights differ"); ok = False
    moved = int((trace.weights[-1] != d.weights).sum())
    if not quiet or not ok:
        print(f"  verify {'gates' if gates else 'rtl'} {c.inputs}x{c.neurons}: {'EQUAL' if ok and n == waves else 'DIFFERENT'} {n} waves, {int(learn.sum())} learning, {int((trace.outputs != NO_SPIKE).sum())} spikes, {moved} weights moved", flush=True)
    return ok and n == waves

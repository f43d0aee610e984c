"""Frozen classic column without ages (research): lines are counted by weight, and the counts are delayed by it."""
from __future__ import annotations
import subprocess
from dataclasses import dataclass
from pathlib import Path
import numpy as np
from neutnngen.engine import ReferenceEngine
from neutnngen.spec import NO_SPIKE, Design
from neutnngen.verify import random_waves
import rings

LEAVES = ("full_adder", "ripple_adder", "bit_count", "adder", "delayed_sum", "ramp_potential", "frozen_controller", "winner_select")

class Namer:
    def __init__(self): self.n, self.lines = 0, []
    def wire(self, width):
        self.n += 1; name = f"n{self.n}"; self.lines.append(f"    wire [{width-1}:0] {name};"); return name
    def inst(self, text): self.n += 1; self.lines.append(f"    {text.replace('@', f'i{self.n}')}")

def bits(n): return max(1, int(n).bit_length())

@dataclass(frozen=True)
class Counted:
    design: Design
    @property
    def clocks(self): return self.design.column.horizon + 1
    def add(self, n, a, b):
        """Sum of two (wire, largest) pairs."""
        (wa, ma), (wb, mb) = sorted((a, b), key=lambda v: -bits(v[1]))
        out = n.wire(bits(ma+mb))
        n.inst(f"adder #(.A_W({bits(ma)}), .B_W({bits(mb)}), .OUT_W({bits(ma+mb)})) @ (.a({wa}), .b({wb}), .sum({out}));")
        return out, ma+mb
    def top(self):
        d, c = self.design, self.design.column; p, q = c.inputs, c.neurons
        n = Namer()
        o = [f"// Column {d.name}, frozen: {p} inputs, {q} neurons. A wave is {self.clocks} clocks.", f"module {d.name} (", "    input  wire clk,", "    input  wire rst,",
             f"    input  wire [{p-1}:0] spike_in,", f"    output wire [{q-1}:0] spike_out,", "    output wire wave_last", ");", "    wire clear, decided;", f"    wire [{q-1}:0] fire;",
             f"    frozen_controller #(.CLOCKS({self.clocks}), .COUNT_W({bits(self.clocks-1)})) controller (.clk(clk), .rst(rst), .last(wave_last), .clear(clear));",
             f"    winner_select #(.NEURONS({q}), .POTENTIAL_W(1), .LARGEST(0), .HOLD(1)) inhibition (.clk(clk), .clear(clear), .fire(fire), .levels({q}'d0), .winner(spike_out), .decided(decided), .choice());"]
        for j in range(q):
            late, total = None, None
            for w in range(c.w_max, 0, -1):
                lines = [i for i in range(p) if d.mask[j, i] and d.weights[j, i] == w]
                if lines:
                    cnt = n.wire(bits(len(lines)))
                    n.inst(f"bit_count #(.BITS({len(lines)})) @ (.bits({{{', '.join(f'spike_in[{i}]' for i in lines)}}}), .count({cnt}));")
                    total = (cnt, len(lines)) if total is None else self.add(n, total, (cnt, len(lines)))
                    late = (cnt, len(lines)) if late is None else self.add(n, late, (cnt, len(lines)))
                if late is not None:
                    reg = n.wire(bits(late[1]))
                    n.inst(f"delayed_sum #(.WIDTH({bits(late[1])})) @ (.clk(clk), .clear(clear), .value({late[0]}), .late({reg}));")
                    late = (reg, late[1])
            top_v = int((d.weights[j]*d.mask[j]).sum())
            if top_v < c.threshold: n.lines.append(f"    assign fire[{j}] = 1'b0;"); continue
            width = max((c.threshold-1).bit_length(), bits(top_v - c.threshold)) + 1
            n.inst(f"ramp_potential #(.RISE_W({bits(total[1])}), .WIDTH({width}), .THRESHOLD({c.threshold})) @ (.clk(clk), .clear(clear), .begun({total[0]}), .ended({late[0]}), .fire(fire[{j}]));")
        return "\n".join(o + n.lines + ["endmodule", ""])

def verify(x, sources, folder, waves, seed=5):
    from neutnngen.verify.stimuli import wave_words
    folder.mkdir(parents=True, exist_ok=True); d, c = x.design, x.design.column
    inputs = random_waves(c, waves, seed, silent=0.3)
    trace = ReferenceEngine().run(d, inputs, False, keep_states=True)
    (folder/"waves.hex").write_text("\n".join(wave_words(c, inputs, False))+"\n")
    R = getattr(x, "slots", 1)
    (folder/"bench.sv").write_text(f"""`timescale 1ns/1ps
module bench;
    reg clk = 0, rst = 1, learn; reg [{c.inputs-1}:0] spike_in = 0; wire [{c.neurons-1}:0] spike_out; wire wave_last;
    {d.name} dut (.clk(clk), .rst(rst), .spike_in(spike_in), .spike_out(spike_out), .wave_last(wave_last));
    always #5 clk = ~clk;
    reg [{c.inputs}:0] stimulus[0:{waves*(c.t_in_max+1)-1}]; reg [{8*c.neurons-1}:0] times; reg [{c.neurons-1}:0] held; integer file, wave, t, j;
    initial begin $readmemh("waves.hex", stimulus); file = $fopen("record.txt", "w"); repeat (20) @(negedge clk); rst = 0;
        for (wave = 0; wave < {waves}; wave = wave + 1) begin times = {{{c.neurons}{{8'd255}}}}; held = 0;
            for (t = 0; t < {x.clocks}; t = t + 1) begin
                if (t % {R} == 0 && t / {R} <= {c.t_in_max}) {{learn, spike_in}} = stimulus[wave*{c.t_in_max+1}+t/{R}];
                #1; if (wave_last !== (t == {x.clocks-1})) $fwrite(file, "error %0d %0d last\\n", wave, t);
                if (^spike_out === 1'bx || (spike_out & held) !== held || (t == 0 && spike_out !== 0)) $fwrite(file, "error %0d %0d held\\n", wave, t);
                for (j = 0; j < {c.neurons}; j = j + 1) if (spike_out[j] !== held[j]) times[8*j+:8] = t / {R} - 1;
                held = spike_out; @(negedge clk);
            end
            $fwrite(file, "wave %0d %h\\n", wave, times);
        end $fclose(file); $finish; end
endmodule
""")
    subprocess.run(["iverilog", "-g2012", "-s", "bench", "-o", "sim.vvp", "bench.sv", *map(str, sources)], cwd=folder, check=True, timeout=600)
    subprocess.run(["nice", "vvp", "sim.vvp"], cwd=folder, check=True, timeout=900, stdout=subprocess.DEVNULL)
    ok, n = True, 0
    for r in (folder/"record.txt").read_text().splitlines():
        if r.startswith("error"): ok = False; print("  ", r); break
        _, w, t = r.split(); n += 1
        times = np.frombuffer(bytes.fromhex(t.zfill(2*c.neurons)), np.uint8)[::-1]
        if not np.array_equal(times, trace.outputs[int(w)]): print("  differ", w, times, trace.outputs[int(w)]); ok = False; break
    print(f"  verify frozen {c.inputs}x{c.neurons}: {'EQUAL' if ok and n == waves else 'DIFFERENT'} {n} waves, {int((trace.outputs != NO_SPIKE).sum())} spikes", flush=True)
    return ok

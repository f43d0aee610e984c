"""Synthesis of RTL files to NanGate45 (Yosys + ABC) and area report; a copy of the flow's script with options."""
from __future__ import annotations
import json, os, subprocess, sys
from pathlib import Path
from neutnngen.pdk.kits import load_kit

KIT = load_kit()

def script(sources, top, out, *, flatten=True, fa=None, abc_extra="", pre=""):
    """fa: None or 'map' ($fa/extract_fa cells to FA_X1/HA_X1)."""
    lib = KIT.liberty
    dont = " ".join(f"-dont_use {n}" for n in KIT.roles.dont_use)
    lines = [f"read_liberty -lib -ignore_miss_func {lib}"]
    lines += [f"read_verilog -sv {s}" for s in sources]
    lines += [f"hierarchy -check -top {top}"]
    if fa: lines += ["techmap -map fa_map.v"]
    lines += [f"synth {'-flatten' if flatten else ''} -top {top}"]
    lines += ["select -assert-none t:$_DLATCH* t:$_DLATCHSR* t:$_SR_*", f"dfflibmap -liberty {lib}", "opt"]
    lines += [f"abc -liberty {lib} {dont} {abc_extra}"] + ([] if flatten else ["flatten"]) + ["setundef -zero", "splitnets", "opt_clean -purge", f"delete {top}/t:$scopeinfo",
              f"hilomap -hicell {' '.join(KIT.roles.tie_high)} -locell {' '.join(KIT.roles.tie_low)}",
              "opt_clean -purge", "check -assert -mapped",
              f"tee -q -o {out}/stat.json stat -liberty {lib} -json", f"write_verilog -noattr -noexpr -nohex -nodec {out}/netlist.v"]
    return "\n".join(l for l in lines if l) + "\n"

def run(sources, top, out, timeout=900, **kw):
    out = Path(out); out.mkdir(parents=True, exist_ok=True)
    (out / "synth.ys").write_text(script(sources, top, out, **kw))
    with open(out / "log.txt", "w") as log:
        r = subprocess.run(["nice", "-n", "10", "timeout", str(timeout), sys.executable, "-m", "neutnngen.tools.yosys_run", str(out / "synth.ys")],
                           stdout=log, stderr=subprocess.STDOUT, env={**os.environ, "YOSYS_MAX_THREADS": "1"})
    if r.returncode:
        tail = (out / "log.txt").read_text()[-600:]
        raise SystemExit(f"yosys failed {r.returncode}: {tail}")
    return read(out)

def read(out):
    text = (Path(out) / "stat.json").read_text()
    d = json.loads(text[text.index("{"):text.rindex("}") + 1])
    return d

def row(name, d, synapses, clocks=None):
    t = d["design"]; a, s = float(t["area"]), float(t["sequential_area"])
    print(f"{name:40s} area {a:10.1f} seq {s:10.1f} | per syn {a/synapses:6.2f} = seq {s/synapses:6.2f} + comb {(a-s)/synapses:6.2f} | clocks {clocks}", flush=True)
    return a, s

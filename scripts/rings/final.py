"""Area, gate equality and critical path of ring columns: PxQxSLOTSxMEMBERS ..."""
from try_rings import *
import time, sta
for a in [x for x in sys.argv[1:] if "x" in x]:
    p,q,R,M = map(int, a.split("x")); d = design(p,q); x = rings.Rings(d,R,M); f=Path(f"build/f_{a}")
    s = rings.write(x, f); t=time.time()
    r = synth.run(s, "column", f/"mod", timeout=280, fa="map", flatten=False, abc_extra="-script abc_iter.script")
    synth.row(f"{a} modular {time.time()-t:.0f}s", r, p*q, x.clocks)
    ns, text = sta.critical(f/"mod/netlist.v"); print(f"   critical path (no wires) {ns} ns", flush=True)
    if p <= 100:
        rings.verify(x, s, f/"sim", 40)
        rings.verify(x, [f/"mod/netlist.v", synth.KIT.verilog], f/"gsim", 20, gates=True)

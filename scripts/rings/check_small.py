from try_rings import *
for (p,q,R,M) in [(8,3,1,1),(8,4,2,2),(8,3,3,3),(9,2,3,2),(8,4,2,4)]:
    for kw in [dict(), dict(mu_search=500), dict(stabiliser="classic", at_max=1), dict(stabiliser="off")]:
        d = design(p,q,0.12,**kw); x = rings.Rings(d,R,M); f=Path(f"build/v_{p}x{q}_{R}_{M}")
        s = rings.write(x, f); print(p,q,R,M,kw, x.clocks); rings.verify(x, s, f/"sim", 220)

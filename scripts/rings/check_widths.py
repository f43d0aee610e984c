from try_rings import *
from neutnngen.spec import LfsrSpec
def go(p,q,R,M,w,t,waves=120,lf=None,**kw):
    rng = np.random.default_rng(p*q+w)
    c = ColumnSpec(p,q,max(1,round(p*((1<<w)-1)*0.2)),w_res=w,t_res=t,stdp=StdpSpec(mu_search=300,**kw),**(dict(lfsr=lf) if lf else {}))
    d = Design.of_column("column",c,rng.integers(0,1<<w,(q,p)),np.ones((q,p),bool),12345 if not lf else 77)
    x = rings.Rings(d,R,M); f=Path(f"build/g"); s=rings.write(x,f)
    print(p,q,R,M,"w",w,"t",t,"clocks",x.clocks,kw,lf, flush=True); return rings.verify(x,s,f/"sim",waves)
ok=[go(10,4,3,2,2,3), go(10,4,3,2,1,3), go(12,3,4,3,4,4), go(7,6,2,3,3,2,at_zero=1,at_max=1), go(11,5,4,5,3,4,stabiliser="classic"), go(9,4,3,4,5,2), go(9,2,2,1,3,3,lf=LfsrSpec(16,(16,15,13,4),1)), go(6,14,3,7,3,3), go(4,2,2,2,3,3), go(3,2,2,2,3,3)]
print(ok)

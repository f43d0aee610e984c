"""Structure as one line of text, for ``repr``."""

from __future__ import annotations

from neutnngen.spec import DendriticColumnSpec, DenseWiring, FieldWiring, Wiring


def column_text(spec: DendriticColumnSpec) -> str:
    """Inputs, structure, threshold and whatever is not the default."""
    parts = [f"{spec.inputs} inputs", f"{spec.neurons} neurons × {spec.dendrites} dendrites × {spec.segments} segments"]
    parts.append(f"threshold={spec.threshold}, t_res={spec.t_res}, w_res={spec.w_res}, response={spec.response}, tie={spec.tie}")
    near = spec.proximal
    parts.append(f"proximal={near.mode}" + (f" of {near.inputs} lines" if near.inputs else ""))
    if spec.output == "segments":
        parts.append("output=segments")
    else:
        parts.append(f"inhibition={spec.inhibition}" + (f" (k={spec.k})" if spec.inhibition == "k_earliest" else ""))
    if spec.reward:
        parts.append("reward")
    if spec.sharing != "column":
        parts.append(f"sharing={spec.sharing}")
    if spec.homeostasis is not None:
        parts.append("homeostasis")
    if spec.teacher is not None:
        parts.append(f"teacher={spec.teacher}")
    return ", ".join(parts)


def wiring_text(wiring: Wiring) -> str:
    """A wiring in a few words."""
    if isinstance(wiring, DenseWiring):
        return f"dense wiring ({wiring.lines} lines from {wiring.first})"
    if isinstance(wiring, FieldWiring):
        size, stride = ("×".join(map(str, pair)) for pair in (wiring.size, wiring.stride))
        grid = f"{wiring.height}×{wiring.width}×{wiring.channels}"
        return f"fields of {size}, stride {stride}, in {grid}" + (", corners only" if wiring.corners else "")
    return f"a list ({wiring.inputs} lines each)"

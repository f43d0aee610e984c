// What the random bits ask of the neuron that learns now, for all lines at once (rules R1 … R6).
//
// win: it is the column's winner. A weight may move if its line's case is allowed (early_on: a spike at or before the winner's, late_on: one after it
// or any other one where this neuron did not win, silent_on: no spike) and levels[w] is 1. A loser only searches: every level may.
module rule_gates #(
    parameter integer LEVELS = 8
) (
    input  wire              update,
    input  wire              win,
    input  wire              capture,
    input  wire              minus,
    input  wire              search,
    input  wire              backoff,
    input  wire              minimum,
    input  wire [LEVELS-1:0] stabilise_up,
    input  wire [LEVELS-1:0] stabilise_down,
    output wire              early_on,
    output wire              late_on,
    output wire              silent_on,
    output wire [LEVELS-1:0] levels_up,
    output wire [LEVELS-1:0] levels_down
);
    assign early_on    = update & (win ? capture : search);
    assign late_on     = update & (win ? minus : search);
    assign silent_on   = update & win & backoff;
    assign levels_up   = stabilise_up | {LEVELS{minimum | ~win}};
    assign levels_down = stabilise_down | {LEVELS{minimum}};
endmodule

// A weight as it goes back into its ring (rules R1 … R5): one up, one down or unchanged, never out of range; or shifted by a bit of the scan chain.
//
// A winner's weight goes down unless its line was early; all other moves go up. SAME = 1: both directions have one table of levels.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module weight_update #(
    parameter integer WEIGHT_W = 3,
    parameter integer SAME     = 1
) (
    input  wire [WEIGHT_W-1:0]      weight,
    input  wire                     shift,
    input  wire                     scan_in,
    input  wire                     win,
    input  wire                     arrived,
    input  wire                     early,
    input  wire                     early_on,
    input  wire                     late_on,
    input  wire                     silent_on,
    input  wire [(1<<WEIGHT_W)-1:0] levels_up,
    input  wire [(1<<WEIGHT_W)-1:0] levels_down,
    output wire [WEIGHT_W-1:0]      back
);
    localparam integer LEVELS = 1 << WEIGHT_W;

    wire              unused = &{1'b0, levels_up[LEVELS-1], levels_down};  // of narrow weights, and of one table
    wire              down = win & ~early;
    wire              on   = early ? early_on : arrived ? late_on : silent_on;
    wire [LEVELS-1:0] may;
    wire              move = on & may[weight];

    // Bit k toggles on counting up if all lower bits are 1, on counting down if all lower bits are 0.
    wire [WEIGHT_W-1:0] toggle;
    wire [WEIGHT_W-1:0] shifted;
    assign toggle[0]  = move;
    assign shifted[0] = scan_in;

    genvar k;
    generate
        assign may[0]        = levels_up[0] & ~down;
        assign may[LEVELS-1] = levels_down[LEVELS-1] & down;
        for (k = 1; k < LEVELS - 1; k = k + 1) begin : level
            assign may[k] = (SAME != 0) ? levels_up[k] : down ? levels_down[k] : levels_up[k];
        end
        for (k = 1; k < WEIGHT_W; k = k + 1) begin : count_bit
            assign toggle[k]  = toggle[k-1] & (weight[k-1] ^ down);
            assign shifted[k] = weight[k-1];
        end
    endgenerate

    assign back = shift ? shifted : weight ^ toggle;
endmodule

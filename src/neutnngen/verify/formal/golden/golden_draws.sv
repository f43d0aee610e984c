// The random bits of one learning wave, by definition (rules R6, R7, R8 per column): no clock, no register, no leaf.
//
// One step of the register: bit = exclusive or of the bits marked in TAPS; state = state shifted left, bit taken in. A draw is ten steps;
// its value is the low ten bits afterwards. Draw n is a hit if value < limit n. Order: capture, minus, search, backoff, min, F(0) …;
// LIMITS holds 11 bits for each, DOWN_LIMITS those that the same values are compared with for moves down.
module golden_draws #(
    parameter integer                STATE_W     = 31,
    parameter         [STATE_W-1:0]  TAPS        = {STATE_W{1'b0}},
    parameter integer                DRAWS       = 13,
    parameter         [DRAWS*11-1:0] LIMITS      = {(DRAWS*11){1'b0}},
    parameter         [DRAWS*11-1:0] DOWN_LIMITS = {(DRAWS*11){1'b0}}
) (
    input  wire [STATE_W-1:0] state,
    output reg  [DRAWS-1:0]   hits,
    output reg  [DRAWS-1:0]   hits_down,
    output reg  [STATE_W-1:0] after
);
    integer n, k;
    always @* begin
        after = state;
        for (n = 0; n < DRAWS; n = n + 1) begin
            for (k = 0; k < 10; k = k + 1) after = {after[STATE_W-2:0], ^(after & TAPS)};
            hits[n]      = ({1'b0, after[9:0]} < LIMITS[n*11+:11]);
            hits_down[n] = ({1'b0, after[9:0]} < DOWN_LIMITS[n*11+:11]);
        end
    end
endmodule

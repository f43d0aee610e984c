// One draw from a Fibonacci register (rule R7): ten steps in one clock, and the value that they leave.
//
// One step shifts left and takes in the exclusive or of the bits marked in TAPS. after is the state after ten steps; value is its low ten bits,
// with a zero above them, so that it can be compared with limits up to 1024.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module lfsr_draw #(
    parameter integer               STATE_W = 31,
    parameter         [STATE_W-1:0] TAPS    = {STATE_W{1'b0}}
) (
    input  wire [STATE_W-1:0] state,
    output wire [STATE_W-1:0] after,
    output wire [10:0]        value
);
    // chain[k] is the state after k steps.
    wire [STATE_W-1:0] chain[0:10];
    assign chain[0] = state;
    genvar k;
    generate
        for (k = 0; k < 10; k = k + 1) begin : lfsr_step
            assign chain[k+1] = {chain[k][STATE_W-2:0], ^(chain[k] & TAPS)};
        end
    endgenerate

    assign after = chain[10];
    assign value = {1'b0, chain[10][9:0]};
endmodule

// One synapse: its weight, its response and its move in the update clock (rules S1 … S4, R1 … R5).
//
// The weight is binary. shift moves the scan chain by one bit, from scan_in into bit 0 and out of the highest bit, and has
// priority over learning. Otherwise the weight counts by one: up or down where this neuron won, up on search where it did
// not; search stops at the largest weight, and the line sees to it that up and down stay in range.
//
// What it contributes is in `synapse_response`.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module synapse #(
    parameter integer WEIGHT_W = 3,
    parameter integer RAMP     = 1,
    parameter integer AGE_W    = (RAMP != 0) ? WEIGHT_W : 1,
    parameter integer TERM_W   = (RAMP != 0) ? 1 : WEIGHT_W
) (
    input  wire                clk,
    input  wire                shift,
    input  wire                scan_in,
    input  wire                winner,
    input  wire                up,
    input  wire                down,
    input  wire                search,
    input  wire [AGE_W-1:0]    remaining,
    output wire [TERM_W-1:0]   contribution,
    output reg  [WEIGHT_W-1:0] weight
);
    wire rise = winner ? up : search & ~&weight;
    wire fall = winner & down;

    // Bit k toggles on counting up if all lower bits are 1, on counting down if all lower bits are 0.
    wire [WEIGHT_W-1:0] carry;
    wire [WEIGHT_W-1:0] borrow;
    wire [WEIGHT_W-1:0] toggle = carry | borrow;
    wire [WEIGHT_W-1:0] shifted;

    assign carry[0]   = rise;
    assign borrow[0]  = fall;
    assign shifted[0] = scan_in;

    genvar k;
    generate
        for (k = 1; k < WEIGHT_W; k = k + 1) begin : count_bit
            assign carry[k]   = carry[k-1] & weight[k-1];
            assign borrow[k]  = borrow[k-1] & ~weight[k-1];
            assign shifted[k] = weight[k-1];
        end
    endgenerate

    synapse_response #(.WEIGHT_W(WEIGHT_W), .RAMP(RAMP)) response (.weight(weight), .remaining(remaining), .contribution(contribution));

    always @(posedge clk) begin
        weight <= shift ? shifted : weight ^ toggle;
    end
endmodule

// The potential of a neuron whose ramps are counted together (rules S2, G1): each unit clock it rises by the lines that have a spike, less those
// whose ramp has ended. It counts from -THRESHOLD, so that it is not negative exactly when the neuron fires.
module ramp_potential #(
    parameter integer RISE_W    = 7,
    parameter integer WIDTH     = 10,
    parameter integer THRESHOLD = 12
) (
    input  wire              clk,
    input  wire              clear,
    input  wire [RISE_W-1:0] begun,
    input  wire [RISE_W-1:0] ended,
    output wire              fire
);
    localparam [WIDTH-1:0] START = WIDTH'((1 << WIDTH) - THRESHOLD);
    reg [WIDTH-1:0] potential;

    // begun - ended is never negative: add the complement and 1, and leave the carry out.
    wire [RISE_W:0] active;
    wire [RISE_W:0] low;
    wire [WIDTH-1:0] sum;
    wire [WIDTH-RISE_W:0] carry;
    ripple_adder #(.WIDTH(RISE_W)) difference (.a(begun), .b(~ended), .ci(1'b1), .sum(active));
    ripple_adder #(.WIDTH(RISE_W)) total (.a(potential[RISE_W-1:0]), .b(active[RISE_W-1:0]), .ci(1'b0), .sum(low));
    assign sum[RISE_W-1:0] = low[RISE_W-1:0];
    assign carry[0]        = low[RISE_W];
    genvar k;
    generate
        for (k = RISE_W; k < WIDTH; k = k + 1) begin : add_carry
            assign sum[k]              = potential[k] ^ carry[k-RISE_W];
            assign carry[k-RISE_W+1] = potential[k] & carry[k-RISE_W];
        end
    endgenerate
    wire unused = &{1'b0, active[RISE_W], carry[WIDTH-RISE_W]};

    assign fire = ~sum[WIDTH-1];
    always @(posedge clk) potential <= clear ? START : sum;
endmodule

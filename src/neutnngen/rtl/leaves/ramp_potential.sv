// The potential of a segment whose ramps are counted together (rules S2, G1): in each unit clock it rises by the lines that have a spike, less those
// whose ramp has ended. It counts from -THRESHOLD, so that it is not negative exactly when the segment fires.
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
    wire [WIDTH:0]  sum;
    adder #(.A_W(RISE_W), .B_W(RISE_W), .CARRY(1)) difference (.a(begun), .b(~ended), .ci(1'b1), .sum(active));
    adder #(.A_W(WIDTH), .B_W(RISE_W), .CARRY(0)) plus (.a(potential), .b(active[RISE_W-1:0]), .ci(1'b0), .sum(sum));
    wire unused = &{1'b0, active[RISE_W], sum[WIDTH]};

    assign fire = ~sum[WIDTH-1];
    always @(posedge clk) potential <= clear ? START : sum[WIDTH-1:0];
endmodule

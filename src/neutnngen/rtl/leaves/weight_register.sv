// A weight that is loaded and stays (programmable columns): part of the scan chain, from scan_in into bit 0 and out of the highest bit.
module weight_register #(
    parameter integer WEIGHT_W = 3
) (
    input  wire                clk,
    input  wire                shift,
    input  wire                scan_in,
    output reg  [WEIGHT_W-1:0] weight
);
    generate
        if (WEIGHT_W == 1) begin : one
            always @(posedge clk) if (shift) weight <= scan_in;
        end else begin : several
            always @(posedge clk) if (shift) weight <= {weight[WEIGHT_W-2:0], scan_in};
        end
    endgenerate
endmodule

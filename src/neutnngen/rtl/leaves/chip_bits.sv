// Bits that come with a sample, eight a byte, the lowest first, beginning with payload byte FIRST. bad: a bit beyond the last one is high.
module chip_bits #(
    parameter integer BITS    = 1,
    parameter integer FIRST   = 0,
    parameter integer INDEX_W = 5
) (
    input  wire               clk,
    input  wire               take,
    input  wire [INDEX_W-1:0] index,
    input  wire [7:0]         data,
    output wire               bad,
    output reg  [BITS-1:0]    bits
);
    localparam integer BYTES = (BITS + 7) / 8;
    localparam integer SPARE = 8 * BYTES - BITS;

    generate
        if (SPARE == 0) begin : none
            assign bad = 1'b0;
        end else begin : some
            assign bad = (index == INDEX_W'(FIRST + BYTES - 1)) & (|data[7:8-SPARE]);
        end
    endgenerate

    integer k;
    always @(posedge clk) begin
        for (k = 0; k < BITS; k = k + 1) if (take & (index == INDEX_W'(FIRST + k / 8))) bits[k] <= data[k%8];
    end
endmodule

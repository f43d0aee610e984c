// a + b + ci in full adders; the sum has one bit more than its terms.
module ripple_adder #(
    parameter integer WIDTH = 4
) (
    input  wire [WIDTH-1:0] a,
    input  wire [WIDTH-1:0] b,
    input  wire             ci,
    output wire [WIDTH:0]   sum
);
    wire [WIDTH:0] carry;
    assign carry[0]   = ci;
    assign sum[WIDTH] = carry[WIDTH];

    genvar k;
    generate
        for (k = 0; k < WIDTH; k = k + 1) begin : add_bit
            full_adder adder (.a(a[k]), .b(b[k]), .ci(carry[k]), .s(sum[k]), .co(carry[k+1]));
        end
    endgenerate
endmodule

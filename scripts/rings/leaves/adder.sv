// a + b, where b is not the wider one, to OUT_W bits: full adders where both have a bit, half adders above.
module adder #(
    parameter integer A_W   = 5,
    parameter integer B_W   = 4,
    parameter integer OUT_W = 6
) (
    input  wire [A_W-1:0]   a,
    input  wire [B_W-1:0]   b,
    output wire [OUT_W-1:0] sum
);
    wire [A_W:0] carry;
    wire [A_W:0] whole;
    assign carry[0]   = 1'b0;
    assign whole[A_W] = carry[A_W];
    assign sum        = OUT_W'(whole);

    genvar k;
    generate
        for (k = 0; k < A_W; k = k + 1) begin : add_bit
            if (k > 0 && k < B_W) begin : full
                full_adder cell_k (.a(a[k]), .b(b[k]), .ci(carry[k]), .s(whole[k]), .co(carry[k+1]));
            end else begin : half
                wire other = (k == 0) ? b[0] : carry[k];
                assign whole[k]   = a[k] ^ other;
                assign carry[k+1] = a[k] & other;
            end
        end
    endgenerate
endmodule

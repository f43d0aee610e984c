// a + b, where b is not the wider one, and with CARRY = 1 also + ci: full adders where both have a bit, half adders above.
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module adder #(
    parameter integer A_W   = 5,
    parameter integer B_W   = 4,
    parameter integer CARRY = 0
) (
    input  wire [A_W-1:0] a,
    input  wire [B_W-1:0] b,
    input  wire           ci,
    output wire [A_W:0]   sum
);
    wire [A_W:0] carry;
    assign sum[A_W] = carry[A_W];

    genvar k;
    generate
        if (CARRY != 0) begin : with_carry
            assign carry[0] = ci;
        end else begin : without
            wire unused = &{1'b0, ci};
            assign carry[0] = 1'b0;
        end
        for (k = 0; k < A_W; k = k + 1) begin : add_bit
            if (k < B_W && (k > 0 || CARRY != 0)) begin : full
                full_adder cell_of_bit (.a(a[k]), .b(b[k]), .ci(carry[k]), .s(sum[k]), .co(carry[k+1]));
            end else begin : half
                wire other = (k == 0) ? b[0] : carry[k];
                assign sum[k]     = a[k] ^ other;
                assign carry[k+1] = a[k] & other;
            end
        end
    endgenerate
endmodule

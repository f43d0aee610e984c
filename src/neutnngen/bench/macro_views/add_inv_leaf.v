// The RTL's leaf as it stands in a column: the synthesis puts the library's own full adder there.
module add_inv_leaf (input wire A, input wire B, input wire CI, output wire CARRY, output wire SUM);
    full_adder cell_of_bit (.a(A), .b(B), .ci(CI), .s(SUM), .co(CARRY));
endmodule

// What the macro add_inv stands for: a full adder.
module ref_add_inv (input wire A, input wire B, input wire CI, output wire CARRY, output wire SUM);
    assign {CARRY, SUM} = {1'b0, A} + {1'b0, B} + {1'b0, CI};
endmodule

// The RTL's leaf full_adder with the macro in it: pin for pin.
module full_adder_macro (input wire a, input wire b, input wire ci, output wire s, output wire co);
    add_inv cell_of_bit (.A(a), .B(b), .CI(ci), .CARRY(co), .SUM(s));
endmodule

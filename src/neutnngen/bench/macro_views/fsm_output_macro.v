// What fsm_output_macro stands for by its function in Liberty: a spike passes while the stored weight is not 0.
module ref_fsm_output_macro (
    input wire ACLK, input wire INPUT_SPIKE, input wire STORE_WEIGHT_0, input wire STORE_WEIGHT_1, input wire STORE_WEIGHT_2,
    output wire OUT
);
    wire unused = ACLK;
    assign OUT = INPUT_SPIKE & ({STORE_WEIGHT_2, STORE_WEIGHT_1, STORE_WEIGHT_0} != 3'd0);
endmodule

// What stdp_case_gen_macro stands for: which case of spike-timing plasticity the spikes of an input and an output are, one-hot.
// GREATER: the input's spike came after the output's.
module ref_stdp_case_gen_macro (
    input wire EIN, input wire EOUT, input wire GREATER,
    output wire STDP_CASES_0, output wire STDP_CASES_1, output wire STDP_CASES_2, output wire STDP_CASES_3
);
    wire both = EIN & EOUT;
    wire one  = EIN ^ EOUT;
    assign STDP_CASES_0 = both & ~GREATER;
    assign STDP_CASES_1 = both & GREATER;
    assign STDP_CASES_2 = one & ~GREATER;
    assign STDP_CASES_3 = one & GREATER;
endmodule

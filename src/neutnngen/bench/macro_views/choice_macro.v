// The same with stdp_case_gen_macro.
module choice_macro (
    input wire update, input wire win, input wire capture, input wire minus, input wire search, input wire backoff,
    input wire arrived, input wire early, output wire on
);
    wire [3:0] cases;
    stdp_case_gen_macro choose (
        .EIN(arrived), .EOUT(win), .GREATER(win & ~early),
        .STDP_CASES_0(cases[0]), .STDP_CASES_1(cases[1]), .STDP_CASES_2(cases[2]), .STDP_CASES_3(cases[3])
    );
    assign on = update & ((cases[0] & capture) | (cases[1] & minus) | (cases[2] & search) | (cases[3] & backoff));
endmodule

// The RTL's leaves rule_gates and weight_update of one neuron with stdp_case_gen_macro in place of their choice of the case.
//
// Edges for levels: the macro's EIN is "the line has spiked", EOUT "this neuron won", GREATER "and not before the line". With GREATER low for a
// neuron that did not win, its four cases are capture, minus, search and backoff.
module weight_update_macro (
    input  wire       update,
    input  wire       win,
    input  wire       capture,
    input  wire       minus,
    input  wire       search,
    input  wire       backoff,
    input  wire       arrived,
    input  wire       early,
    input  wire [2:0] weight,
    input  wire       shift,
    input  wire       scan_in,
    input  wire       levels,  // of both tables, all of them
    output wire [2:0] back
);
    wire [3:0] cases;
    stdp_case_gen_macro choose (
        .EIN(arrived), .EOUT(win), .GREATER(win & ~early),
        .STDP_CASES_0(cases[0]), .STDP_CASES_1(cases[1]), .STDP_CASES_2(cases[2]), .STDP_CASES_3(cases[3])
    );
    wire on = update & ((cases[0] & capture) | (cases[1] & minus) | (cases[2] & search) | (cases[3] & backoff));
    weight_update #(.WEIGHT_W(3), .SAME(0)) move (
        .weight(weight), .shift(shift), .scan_in(scan_in), .win(win), .arrived(arrived), .early(early),
        .early_on(on), .late_on(on), .silent_on(on), .levels_up({8{levels}}), .levels_down({8{levels}}), .back(back)
    );
endmodule

// The choice of the case alone, in cells: what the macro and the gates around it are compared with in area.
module choice_only (
    input wire update, input wire win, input wire capture, input wire minus, input wire search, input wire backoff,
    input wire arrived, input wire early, output wire on
);
    wire early_on  = update & (win ? capture : search);
    wire late_on   = update & (win ? minus : search);
    wire silent_on = update & win & backoff;
    assign on = early ? early_on : arrived ? late_on : silent_on;
endmodule

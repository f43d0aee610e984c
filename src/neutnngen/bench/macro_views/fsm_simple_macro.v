// What fsm_simple_macro stands for: the next state of a counter that starts on IN, counts to 7 and ends at 0, and whether it runs.
module ref_fsm_simple_macro (
    input wire IN, input wire STATE_0, input wire STATE_1, input wire STATE_2,
    output wire NEXT_STATE_0, output wire NEXT_STATE_1, output wire NEXT_STATE_2, output wire OUT
);
    wire [2:0] state = {STATE_2, STATE_1, STATE_0};
    wire [2:0] next  = (state == 3'd0) ? {2'b00, IN} : state + 3'd1;
    assign {NEXT_STATE_2, NEXT_STATE_1, NEXT_STATE_0} = next;
    assign OUT = IN | (state != 3'd0);
endmodule

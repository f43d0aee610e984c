// The RTL's leaf spike_input of weights of three bits with fsm_simple_macro in it.
//
// The macro's counter ends at 0, ours stays at 7: the bits of its next state are held at 1 once all are.
module spike_input_macro (
    input  wire       clk,
    input  wire       clear,
    input  wire       spike,
    input  wire       decided,
    output wire [2:0] remaining,
    output wire       early
);
    reg  [2:0] age;
    wire [2:0] next;
    wire       runs;
    wire       driving = spike & ~decided;
    wire       last    = &age;
    wire       unused  = runs;

    fsm_simple_macro count (
        .IN(driving), .STATE_0(age[0]), .STATE_1(age[1]), .STATE_2(age[2]),
        .NEXT_STATE_0(next[0]), .NEXT_STATE_1(next[1]), .NEXT_STATE_2(next[2]), .OUT(runs)
    );
    assign early     = |age;
    assign remaining = {3{driving}} & ~age;

    always @(posedge clk) begin
        if (clear) age <= 3'd0;
        else       age <= next | {3{last}};
    end
endmodule

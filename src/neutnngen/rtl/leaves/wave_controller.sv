// Counts the unit clocks of a wave (rules T1, T3, T5).
//
// count runs 0 … CLOCKS-1 and starts again. last is high in clock CLOCKS-1, the update clock: weights change at its end and
// everything else clears. While shift is high the wave is held at clock 0. draw is high in the first DRAWS clocks of a learning
// wave and never otherwise (rule R11).
module wave_controller #(
    parameter integer CLOCKS  = 15,
    parameter integer DRAWS   = 13,
    parameter integer COUNT_W = 4
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               shift,
    input  wire               learn,
    output reg  [COUNT_W-1:0] count,
    output wire               last,
    output wire               clear,
    output wire               draw,
    output wire               update
);
    localparam [COUNT_W-1:0] LAST      = COUNT_W'(CLOCKS - 1);
    localparam [COUNT_W-1:0] DRAWS_END = COUNT_W'(DRAWS);

    assign last   = (count == LAST);
    assign clear  = rst | shift | last;
    assign draw   = learn & ~shift & (count < DRAWS_END);
    assign update = learn & ~shift & last;

    always @(posedge clk) begin
        if (clear) count <= {COUNT_W{1'b0}};
        else       count <= count + 1'b1;
    end
endmodule

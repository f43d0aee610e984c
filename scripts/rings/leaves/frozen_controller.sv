// Counts the unit clocks of a wave without learning (rules T1, T5): 0 … CLOCKS-1; last is high in the last one.
module frozen_controller #(
    parameter integer CLOCKS  = 15,
    parameter integer COUNT_W = 4
) (
    input  wire clk,
    input  wire rst,
    output wire last,
    output wire clear
);
    reg [COUNT_W-1:0] count;
    assign last  = (count == COUNT_W'(CLOCKS - 1));
    assign clear = rst | last;
    always @(posedge clk) count <= clear ? {COUNT_W{1'b0}} : count + 1'b1;
endmodule

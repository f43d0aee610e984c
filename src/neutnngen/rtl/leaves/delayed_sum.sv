// A number one unit clock later, 0 at the start of a wave.
module delayed_sum #(
    parameter integer WIDTH = 4
) (
    input  wire             clk,
    input  wire             clear,
    input  wire [WIDTH-1:0] value,
    output reg  [WIDTH-1:0] late
);
    always @(posedge clk) late <= value & {WIDTH{~clear}};
endmodule

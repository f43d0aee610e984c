// Which lines had spiked when a dendrite decided: x <= y, one bit per line (rules R1, R2).
//
// A column of several dendrites cannot stop its lines when one of them decides, so each dendrite keeps its own bits. They follow the
// lines until the clock in which a segment fires, and hold from then on.
module early_register #(
    parameter integer LINES = 8
) (
    input  wire             clk,
    input  wire             decided,
    input  wire [LINES-1:0] spike,
    output reg  [LINES-1:0] early
);
    always @(posedge clk) begin
        if (!decided) early <= spike;
    end
endmodule

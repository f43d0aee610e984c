// The bias of one segment (rule R12): a win adds ALPHA, a fall takes BETA, both in the update clock of a learning wave; 0 … LIMIT.
module homeostasis #(
    parameter integer          BIAS_W = 3,
    parameter [BIAS_W-1:0]     START  = {BIAS_W{1'b0}},
    parameter integer          ALPHA  = 1,
    parameter integer          BETA   = 1,
    parameter integer          LIMIT  = 7
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              update,
    input  wire              win,
    input  wire              fall,
    output reg  [BIAS_W-1:0] bias
);
    // Signed and wide enough for every sum of these constants.
    localparam integer SUM_W = $clog2(ALPHA + BETA + LIMIT + 1) + 2;

    wire signed [SUM_W-1:0] sum = $signed(SUM_W'(bias)) + $signed(SUM_W'(win ? ALPHA : 0)) - $signed(SUM_W'(fall ? BETA : 0));

    always @(posedge clk) begin
        if (rst)         bias <= START;
        else if (update) bias <= (sum < 0) ? {BIAS_W{1'b0}} : (sum > $signed(SUM_W'(LIMIT))) ? BIAS_W'(LIMIT) : BIAS_W'(sum);
    end
endmodule

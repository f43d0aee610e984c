// Counts events, and starts again after the largest count.
module chip_counter #(
    parameter integer COUNT_W = 16
) (
    input  wire               clk,
    input  wire               rst,
    input  wire               event_now,
    output reg  [COUNT_W-1:0] count
);
    always @(posedge clk) begin
        if (rst)            count <= {COUNT_W{1'b0}};
        else if (event_now) count <= count + 1'b1;
    end
endmodule

// Counts learning waves and says in which of them all biases fall: every 2^PERIOD (rule R12). START: learning waves before reset, modulo that.
module fall_counter #(
    parameter integer PERIOD = 2,
    parameter integer START  = 0
) (
    input  wire clk,
    input  wire rst,
    input  wire update,
    output wire fall
);
    generate
        if (PERIOD == 0) begin : always_falls
            assign fall = 1'b1;
            wire unused = &{1'b0, clk, rst, update};
        end else begin : counted
            reg [PERIOD-1:0] learned;
            assign fall = &learned;  // this wave is the last of a period
            always @(posedge clk) begin
                if (rst)         learned <= PERIOD'(START);
                else if (update) learned <= learned + 1'b1;
            end
        end
    endgenerate
endmodule

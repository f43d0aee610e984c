// The unit clock of a wave that runs: UNIT clocks each, 0 while none runs.
module chip_clock #(
    parameter integer UNIT    = 1,
    parameter integer COUNT_W = 4
) (
    input  wire               clk,
    input  wire               run,
    output reg  [COUNT_W-1:0] count
);
    wire unit_end;

    always @(posedge clk) begin
        if (~run)          count <= {COUNT_W{1'b0}};
        else if (unit_end) count <= count + 1'b1;
    end

    generate
        if (UNIT == 1) begin : one_clock
            assign unit_end = 1'b1;
        end else begin : several_clocks
            localparam integer PLACE_W = $clog2(UNIT);
            reg [PLACE_W-1:0] place;
            assign unit_end = (place == PLACE_W'(UNIT - 1));
            always @(posedge clk) place <= (~run | unit_end) ? {PLACE_W{1'b0}} : place + 1'b1;
        end
    endgenerate
endmodule

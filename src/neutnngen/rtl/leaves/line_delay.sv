// A line CLOCKS clocks later, where a reader waits for a slower source beside it (rules T4, L2).
module line_delay #(
    parameter integer CLOCKS = 1
) (
    input  wire clk,
    input  wire clear,
    input  wire line,
    output wire late
);
    reg [CLOCKS-1:0] held;

    assign late = held[CLOCKS-1];

    generate
        if (CLOCKS == 1) begin : once
            always @(posedge clk) held <= clear ? 1'b0 : line;
        end else begin : chain
            always @(posedge clk) held <= clear ? {CLOCKS{1'b0}} : {held[CLOCKS-2:0], line};
        end
    endgenerate
endmodule

// The label that comes with a sample, one-hot; 255 is none. bad: there is no such class.
module chip_label #(
    parameter integer CLASSES = 10
) (
    input  wire               clk,
    input  wire               take,
    input  wire [7:0]         data,
    output wire               bad,
    output reg  [CLASSES-1:0] label
);
    wire none = &data;

    assign bad = (data >= 8'(CLASSES)) & ~none;

    always @(posedge clk) begin
        if (take) label <= none ? {CLASSES{1'b0}} : CLASSES'(1) << data;
    end
endmodule

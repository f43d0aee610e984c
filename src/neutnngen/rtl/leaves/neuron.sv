// One neuron: the potential and its threshold (rules G1, A1).
//
// level is the potential V(t) of the current clock, which includes the contributions of this clock; fire says V(t) >= THRESHOLD.
// POTENTIAL_W is wide enough for all weights at their largest, so level never overflows. The sum is written as one expression so
// that synthesis builds one tree of full adders for the potential and all contributions together.
module neuron #(
    parameter integer TERMS       = 8,
    parameter integer TERM_W      = 1,
    parameter integer POTENTIAL_W = 6,
    parameter integer THRESHOLD   = 12
) (
    input  wire                    clk,
    input  wire                    clear,
    input  wire [TERMS*TERM_W-1:0] contributions,
    output wire [POTENTIAL_W-1:0]  level,
    output wire                    fire
);
    reg [POTENTIAL_W-1:0] potential;
    reg [POTENTIAL_W-1:0] sum;

    integer i;
    always @* begin
        sum = potential;
        for (i = 0; i < TERMS; i = i + 1) begin
            sum = sum + POTENTIAL_W'(contributions[i*TERM_W+:TERM_W]);
        end
    end

    assign level = sum;
    assign fire  = (sum >= POTENTIAL_W'(THRESHOLD));

    always @(posedge clk) begin
        if (clear) potential <= {POTENTIAL_W{1'b0}};
        else       potential <= sum;
    end
endmodule

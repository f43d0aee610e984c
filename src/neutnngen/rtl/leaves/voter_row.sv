// One segment of a class of a voter that is read by potentials: its weights and their sum over the lines that spike (rule R14).
//
// EXISTS[i]: whether line i has a synapse. up and down move the weights of the lines that spike by one, clamped; they are gated with the update
// clock. Scan chain: from scan_in into bit 0 of the first weight that exists, out of the highest bit of the last. FROZEN = 1: the weights are CONSTANT.
/* verilator lint_off UNUSEDSIGNAL */  // frozen weights have no use for what moves weights
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module voter_row #(
    parameter integer             LINES    = 4,
    parameter integer             WEIGHT_W = 8,
    parameter         [LINES-1:0] EXISTS   = {LINES{1'b1}},
    parameter integer             SUM_W    = 10,
    parameter integer             FROZEN   = 0,
    parameter [LINES*WEIGHT_W-1:0] CONSTANT = {(LINES*WEIGHT_W){1'b0}}
) (
    input  wire                      clk,
    input  wire                      shift,
    input  wire                      scan_in,
    output wire                      scan_out,
    input  wire [LINES-1:0]          spike,
    input  wire                      up,
    input  wire                      down,
    output wire [LINES*WEIGHT_W-1:0] weights,
    output wire [SUM_W-1:0]          potential
);
    wire [LINES:0] chain;
    assign chain[0] = scan_in;
    assign scan_out = chain[LINES];

    genvar i;
    generate
        for (i = 0; i < LINES; i = i + 1) begin : line
            if (FROZEN != 0 && EXISTS[i]) begin : constant
                assign weights[i*WEIGHT_W+:WEIGHT_W] = CONSTANT[i*WEIGHT_W+:WEIGHT_W];
                assign chain[i+1] = chain[i];
            end else if (EXISTS[i]) begin : synapse
                reg  [WEIGHT_W-1:0] weight;
                wire                rise = up & spike[i] & ~&weight;
                wire                fall = down & spike[i] & (|weight);
                always @(posedge clk) begin
                    if (shift)     weight <= WEIGHT_W'({weight, chain[i]});
                    else if (rise) weight <= weight + 1'b1;
                    else if (fall) weight <= weight - 1'b1;
                end
                assign weights[i*WEIGHT_W+:WEIGHT_W] = weight;
                assign chain[i+1] = weight[WEIGHT_W-1];
            end else begin : pruned
                assign weights[i*WEIGHT_W+:WEIGHT_W] = {WEIGHT_W{1'b0}};
                assign chain[i+1] = chain[i];
            end
        end
    endgenerate

    reg [SUM_W-1:0] sum;
    integer n;
    always @* begin
        sum = {SUM_W{1'b0}};
        for (n = 0; n < LINES; n = n + 1) if (spike[n]) sum = sum + SUM_W'(weights[n*WEIGHT_W+:WEIGHT_W]);
    end
    assign potential = sum;
endmodule

// One line of a voter by votes: its weights to the classes, its ballot, and how it learns (rule R10).
//
// The line votes for each class whose weight, times BOTTOM, is at least TOP times the line's largest. ballot is that, if the line spikes.
// Learning moves only a line that spikes. capture … minimum and the stabiliser are the random bits of the line's set; minus is backoff_simple.
// update gates all. Scan chain: by class, through the weights that exist. FROZEN = 1: the weights are CONSTANT.
/* verilator lint_off UNUSEDSIGNAL */  // frozen weights have no use for what moves weights
/* verilator lint_off UNOPTFLAT */  // a chain through the bits of one vector is no loop
module voter_line #(
    parameter integer               CLASSES  = 2,
    parameter integer               WEIGHT_W = 3,
    parameter         [CLASSES-1:0] EXISTS   = {CLASSES{1'b1}},
    parameter integer               TOP      = 1,
    parameter integer               BOTTOM   = 2,
    parameter integer               FROZEN   = 0,
    parameter [CLASSES*WEIGHT_W-1:0] CONSTANT = {(CLASSES*WEIGHT_W){1'b0}}
) (
    input  wire                        clk,
    input  wire                        shift,
    input  wire                        scan_in,
    output wire                        scan_out,
    input  wire                        spike,
    input  wire [CLASSES-1:0]          label,
    input  wire                        update,
    input  wire                        capture,
    input  wire                        minus,
    input  wire                        search,
    input  wire                        backoff,
    input  wire                        minimum,
    input  wire [(1<<WEIGHT_W)-1:0]    stabilise_up,
    input  wire [(1<<WEIGHT_W)-1:0]    stabilise_down,
    output wire [CLASSES*WEIGHT_W-1:0] weights,
    output wire [CLASSES-1:0]          ballot
);
    localparam integer PRODUCT_W = WEIGHT_W + $clog2(BOTTOM + 1);

    reg [WEIGHT_W-1:0] largest;
    integer n;
    always @* begin
        largest = {WEIGHT_W{1'b0}};
        for (n = 0; n < CLASSES; n = n + 1) begin
            if (weights[n*WEIGHT_W+:WEIGHT_W] > largest) largest = weights[n*WEIGHT_W+:WEIGHT_W];
        end
    end
    wire [PRODUCT_W-1:0] bar = PRODUCT_W'(largest) * PRODUCT_W'(TOP);

    wire [CLASSES-1:0] voted;
    wire               right = |(voted & label);
    assign ballot = voted & {CLASSES{spike}};

    wire [CLASSES:0] chain;
    assign chain[0] = scan_in;
    assign scan_out = chain[CLASSES];

    genvar c;
    generate
        for (c = 0; c < CLASSES; c = c + 1) begin : of_class
            if (FROZEN != 0 && EXISTS[c]) begin : constant
                assign voted[c] = (PRODUCT_W'(CONSTANT[c*WEIGHT_W+:WEIGHT_W]) * PRODUCT_W'(BOTTOM) >= bar);
                assign weights[c*WEIGHT_W+:WEIGHT_W] = CONSTANT[c*WEIGHT_W+:WEIGHT_W];
                assign chain[c+1] = chain[c];
            end else if (EXISTS[c]) begin : synapse
                reg  [WEIGHT_W-1:0] weight;
                assign voted[c] = (PRODUCT_W'(weight) * PRODUCT_W'(BOTTOM) >= bar);
                wire hit  = voted[c] & label[c];
                wire rise = hit ? capture & (minimum | stabilise_up[weight]) : ~voted[c] & ~right & search;
                wire fall = ~hit & (right ? backoff & (minimum | stabilise_down[weight]) : voted[c] & minus);
                wire move = update & spike;
                always @(posedge clk) begin
                    if (shift)                          weight <= WEIGHT_W'({weight, chain[c]});
                    else if (move & rise & ~&weight)    weight <= weight + 1'b1;
                    else if (move & fall & (|weight))   weight <= weight - 1'b1;
                end
                assign weights[c*WEIGHT_W+:WEIGHT_W] = weight;
                assign chain[c+1] = weight[WEIGHT_W-1];
            end else begin : pruned
                assign voted[c] = 1'b0;
                assign weights[c*WEIGHT_W+:WEIGHT_W] = {WEIGHT_W{1'b0}};
                assign chain[c+1] = chain[c];
            end
        end
    endgenerate
endmodule

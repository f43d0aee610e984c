// The potentials of the MEMBERS neurons of a ring (rules G1, A1); they move on with the weights, by one place at the end of each unit clock.
//
// terms[k] are the contributions at head k. A potential counts from -THRESHOLD, so that it is not negative exactly when the neuron fires. One clock
// after any neuron fires no line drives any more, so WIDTH holds -THRESHOLD … TERMS*SLOTS-1. fire[k] is valid at the end of a unit clock.
module potential_ring #(
    parameter integer MEMBERS   = 2,
    parameter integer TERMS     = 22,
    parameter integer WIDTH     = 8,
    parameter integer THRESHOLD = 12
) (
    input  wire                     clk,
    input  wire                     clear,
    input  wire                     unit_end,
    input  wire [MEMBERS*TERMS-1:0] terms,
    output wire [MEMBERS-1:0]       fire
);
    localparam integer COUNT_W = $clog2(TERMS);  // of all terms but the last, which is the carry in
    localparam [WIDTH-1:0] START = WIDTH'((1 << WIDTH) - THRESHOLD);

    reg  [MEMBERS*WIDTH-1:0] potentials;
    wire [MEMBERS*WIDTH-1:0] sums;

    genvar k, b;
    generate
        for (k = 0; k < MEMBERS; k = k + 1) begin : member
            wire [COUNT_W-1:0] count;
            wire [COUNT_W:0]   low;
            wire [WIDTH-COUNT_W:0] carry;
            bit_count #(.BITS(TERMS - 1), .COUNT_W(COUNT_W)) counter (.bits(terms[k*TERMS+:TERMS-1]), .count(count));
            ripple_adder #(.WIDTH(COUNT_W)) adder (
                .a(potentials[k*WIDTH+:COUNT_W]), .b(count), .ci(terms[(k+1)*TERMS-1]), .sum(low)
            );
            assign sums[k*WIDTH+:COUNT_W] = low[COUNT_W-1:0];
            assign carry[0] = low[COUNT_W];
            for (b = COUNT_W; b < WIDTH; b = b + 1) begin : add_carry
                assign sums[k*WIDTH+b]      = potentials[k*WIDTH+b] ^ carry[b-COUNT_W];
                assign carry[b-COUNT_W+1] = potentials[k*WIDTH+b] & carry[b-COUNT_W];
            end
            assign fire[k] = ~sums[(k+1)*WIDTH-1];
        end
        if (MEMBERS == 1) begin : alone
            always @(posedge clk) potentials <= clear ? START : sums;
        end else begin : ring
            always @(posedge clk) begin
                if (clear)         potentials <= {MEMBERS{START}};
                else if (unit_end) potentials <= {sums[(MEMBERS-1)*WIDTH-1:0], sums[(MEMBERS-1)*WIDTH+:WIDTH]};
                else               potentials <= sums;
            end
        end
    endgenerate
endmodule

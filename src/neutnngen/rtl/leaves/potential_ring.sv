// The potentials of the MEMBERS neurons of a ring (rules G1, A1); they move on with the weights, by one place at the end of each unit clock.
//
// terms[k*TERMS+:TERMS] are the contributions at head k. A potential counts from -THRESHOLD, so that it is not negative exactly when the neuron
// fires. One unit clock after any neuron fires no line drives any more, so WIDTH holds -THRESHOLD … TERMS*SLOTS-1. fire[k] is valid at the end of a
// unit clock.
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
    localparam [WIDTH-1:0] START = WIDTH'((1 << WIDTH) - THRESHOLD);

    reg  [MEMBERS*WIDTH-1:0] potentials;
    wire [MEMBERS*WIDTH-1:0] sums;

    genvar k;
    generate
        for (k = 0; k < MEMBERS; k = k + 1) begin : member
            wire [WIDTH:0] sum;
            if (TERMS == 1) begin : one_term
                adder #(.A_W(WIDTH), .B_W(1), .CARRY(0)) plus (.a(potentials[k*WIDTH+:WIDTH]), .b(terms[k]), .ci(1'b0), .sum(sum));
            end else begin : several_terms
                // All terms but the last, which is the carry in.
                localparam integer COUNT_W = $clog2(TERMS);
                wire [COUNT_W-1:0] count;
                bit_count #(.BITS(TERMS - 1)) counter (.bits(terms[k*TERMS+:TERMS-1]), .count(count));
                adder #(.A_W(WIDTH), .B_W(COUNT_W), .CARRY(1)) plus (
                    .a(potentials[k*WIDTH+:WIDTH]), .b(count), .ci(terms[(k+1)*TERMS-1]), .sum(sum)
                );
            end
            wire unused = &{1'b0, sum[WIDTH]};  // from -1 to 0 a carry leaves
            assign sums[k*WIDTH+:WIDTH] = sum[WIDTH-1:0];
            assign fire[k]              = ~sum[WIDTH-1];
        end
        if (MEMBERS == 1) begin : alone
            wire unused = &{1'b0, unit_end};
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
